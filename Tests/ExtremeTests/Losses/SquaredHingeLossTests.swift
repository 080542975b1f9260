import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension SquaredHingeLoss: LabelLoss {}

@Suite struct SquaredHingeLossTests {
  typealias Loss = SquaredHingeLoss

  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    for (i, row) in scores.enumerated() {
      for (j, score) in row.enumerated() {
        let sign = positives[i].contains(j) ? 1.0 : -1
        let excess = max(0, 1 - sign * score)
        value += excess * excess / Double(scores.count)
        gradient[i][j] = -2 * sign * excess / Double(scores.count)
      }
    }
    return (value, gradient)
  }

  @Test func `scores beyond the margin do not count`() throws {
    let example = LabelCase(
      queries: [[1]], labels: [[2], [-3], [-1], [0.5]], bias: [0, 0, 0, 0], positives: [[0, 3]],
      temperature: 1)
    let found = try example.streamed(Loss.self, blockSize: 3)
    expectClose(found.value, 0.25, tolerance: 1e-14)
    expectClose(found.bias, [0, 0, 0, -1], tolerance: 1e-14)
  }

  @Test func `zero scores cost 1 each`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0, count: 9), positives: [[0], []], temperature: 1)
    expectClose(try example.streamed(Loss.self, blockSize: 4).value, 9, tolerance: 1e-12)
  }

  @Test func `traps on temperature 0`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try SquaredHingeLoss(temperature: 0)(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      } catch {}
    }
  }
}
