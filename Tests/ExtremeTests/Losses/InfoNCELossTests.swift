import Extreme
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct InfoNCELossTests {
  typealias Loss = InfoNCELoss

  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let rows = Double(positives.filter { !$0.isEmpty }.count)
    for (i, row) in scores.enumerated() {
      let wanted = Set(positives[i])
      let peak = row.max()!
      let total = row.reduce(0) { $0 + exp($1 - peak) }
      for p in wanted {
        let weight = 1 / (rows * Double(wanted.count))
        value += weight * (peak + log(total) - row[p])
        for j in row.indices { gradient[i][j] += weight * exp(row[j] - peak) / total }
        gradient[i][p] -= weight
      }
    }
    return (value, gradient)
  }

  @Test func `equals the decoupled softmax for one positive`() throws {
    var example = LabelCase.random(seed: 9, temperature: 0.3)
    example.positives = [[0], [6], [], [2], [3], [6]]
    expectClose(
      try example.streamed(Loss.self, blockSize: 2),
      try example.streamed(DecoupledSoftmaxLoss.self, blockSize: 3))
  }

  @Test func `equal scores give the chance level`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0.3, count: 9), positives: [[0], [8, 2, 4]], temperature: 1)
    expectClose(
      try example.streamed(Loss.self, blockSize: 4).value, log(9), tolerance: 1e-12)
  }

  @Test func `perfect scores give the log of the positive count`() throws {
    let example = LabelCase(
      queries: [[1]], labels: [[1000], [0], [1000], [1000], [-5]], bias: [0, 0, 0, 0, 0],
      positives: [[0, 2, 3]], temperature: 1)
    expectClose(
      try example.streamed(Loss.self, blockSize: 2).value, log(3), tolerance: 1e-12)
  }
}
