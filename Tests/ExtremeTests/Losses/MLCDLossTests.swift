import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension MLCDLoss: LabelLoss {}

@Suite struct MLCDLossTests {
  typealias Loss = MLCDLoss

  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let share = 1 / Double(scores.count)
    for (i, row) in scores.enumerated() {
      for sign in [1.0, -1] {
        // Negatives for 1, positives for −1.
        let members = row.indices.filter { positives[i].contains($0) == (sign < 0) }
        let peak = members.map { sign * row[$0] }.reduce(0, max)
        let total = members.reduce(exp(-peak)) { $0 + exp(sign * row[$1] - peak) }
        value += share * (peak + log(total))
        for j in members { gradient[i][j] = share * sign * exp(sign * row[j] - peak) / total }
      }
    }
    return (value, gradient)
  }

  @Test func `positives and negatives do not interact`() throws {
    var example = LabelCase.random(seed: 8, temperature: 0.5)
    example.queries = [example.queries[0]]
    example.positives = [[1, 4]]
    let before = try example.streamed(Loss.self, blockSize: 3)
    example.bias[4] += 3
    let after = try example.streamed(Loss.self, blockSize: 3)
    for j in [0, 2, 3, 5, 6] {
      expectClose(after.bias[j], before.bias[j], tolerance: 1e-13, "slope at negative \(j)")
    }
    #expect(after.value < before.value)
    #expect(abs(after.bias[1]) > abs(before.bias[1]))
  }

  @Test func `zero scores give the chance level`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0, count: 9), positives: [[0], [8, 2, 4]], temperature: 1)
    // log 2 + log 9 for the first, log 4 + log 7 for the second.
    expectClose(
      try example.streamed(Loss.self, blockSize: 4).value, log(504) / 2, tolerance: 1e-12)
  }

  @Test func `traps on temperature 0`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try MLCDLoss(temperature: 0)(
          queries: .zeros([2, 3]), labels: .zeros([4, 3]),
          positives: CSRMatrix(rows: [[0], [3]], columnCount: 4))
      } catch {}
    }
  }
}
