import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BinaryCrossEntropyLossTests {
  typealias Loss = BinaryCrossEntropyLoss

  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    for (i, row) in scores.enumerated() {
      for (j, score) in row.enumerated() {
        // The score of being wrong.
        let wrong = positives[i].contains(j) ? -score : score
        let excess = wrong > 0 ? wrong + log1p(exp(-wrong)) : log1p(exp(wrong))
        let probability = wrong > 0 ? 1 / (1 + exp(-wrong)) : exp(wrong) / (1 + exp(wrong))
        value += excess / Double(scores.count)
        gradient[i][j] =
          (positives[i].contains(j) ? -probability : probability) / Double(scores.count)
      }
    }
    return (value, gradient)
  }

  @Test func `losses of separate labels add up`() throws {
    let example = LabelCase.random(seed: 8, temperature: 0.5)
    var first = example
    first.labels = Array(example.labels[..<3])
    first.bias = Array(example.bias[..<3])
    first.positives = example.positives.map { $0.filter { $0 < 3 } }
    var second = example
    second.labels = Array(example.labels[3...])
    second.bias = Array(example.bias[3...])
    second.positives = example.positives.map { $0.filter { $0 >= 3 }.map { $0 - 3 } }
    let parts = [try first.streamed(Loss.self), try second.streamed(Loss.self)]
    let whole = try example.streamed(Loss.self)
    expectClose(whole.value, parts[0].value + parts[1].value, tolerance: 1e-12)
    expectClose(whole.labels, parts[0].labels + parts[1].labels, tolerance: 1e-12)
  }

  @Test func `zero scores give the chance level`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0, count: 9), positives: [[0], []], temperature: 1)
    expectClose(
      try example.streamed(Loss.self, blockSize: 4).value, 9 * log(2), tolerance: 1e-12)
  }
}
