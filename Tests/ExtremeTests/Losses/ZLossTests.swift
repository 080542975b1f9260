import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension ZLoss: LabelLoss {
  /// A target that is in the middle of a handful of labels.
  init(temperature: Double, blockSize: Int?) {
    self.init(temperature: temperature, sharpness: 3, target: 1.5, blockSize: blockSize)
  }
}

@Suite struct ZLossTests {
  typealias Loss = ZLoss

  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let rows = Double(positives.filter { !$0.isEmpty }.count)
    for (i, row) in scores.enumerated() {
      let wanted = Set(positives[i])
      let count = Double(row.count)
      let mean = row.reduce(0, +) / count
      let deviation = sqrt(row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count)
      let z = row.map { ($0 - mean) / deviation }
      for p in wanted {
        let weight = 1 / (rows * Double(wanted.count))
        let miss = 3 * (1.5 - z[p])
        value += weight * log1p(exp(miss)) / 3
        let pull = weight / (1 + exp(-miss))
        for j in row.indices {
          let ofHeight = ((j == p ? 1 : 0) - (1 + z[j] * z[p]) / count) / deviation
          gradient[i][j] -= pull * ofHeight
        }
      }
    }
    return (value, gradient)
  }

  @Test func `is invariant to shift and scale of scores`() throws {
    var example = LabelCase.random(seed: 8, temperature: 0.5)
    let expected = try example.streamed(Loss.self, blockSize: 3)
    example.bias = example.bias.map { 40 * $0 - 300 }
    example.queries = example.queries.map { $0.map { 40 * $0 } }
    let found = try example.streamed(Loss.self, blockSize: 3)
    expectClose(found.value, expected.value, tolerance: 1e-12)
    expectClose(found.bias.map { $0 * 40 }, expected.bias, tolerance: 1e-11)
    expectClose(found.bias.reduce(0, +), 0, tolerance: 1e-14)
  }

  @Test func `equal scores have zero gradient`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0.3, count: 9), positives: [[0], [8, 2, 4]], temperature: 1)
    let none = example.scores.map { $0.map { _ in 0.0 } }
    let expected = example.chained(value: log1p(exp(4.5)) / 3, scoreGradient: none)
    expectClose(try example.streamed(Loss.self, blockSize: 4), expected, tolerance: 1e-12)
    expectClose(try example.composed(Loss.self), expected, tolerance: 1e-12)
  }

  @Test func `traps on temperature 0`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try ZLoss(temperature: 0)(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      } catch {}
    }
  }

  @Test func `traps on sharpness 0`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try ZLoss(sharpness: 0)(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      } catch {}
    }
  }
}
