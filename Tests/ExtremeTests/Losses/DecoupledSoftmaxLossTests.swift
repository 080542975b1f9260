import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct DecoupledSoftmaxLossTests {
  typealias Loss = DecoupledSoftmaxLoss

  /// Each positive by itself: −log of its share among itself and the negatives.
  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let rows = Double(positives.filter { !$0.isEmpty }.count)
    for (i, row) in scores.enumerated() {
      let wanted = Set(positives[i])
      for p in wanted {
        let competitors = row.indices.filter { $0 == p || !wanted.contains($0) }
        let peak = competitors.map { row[$0] }.max()!
        let total = competitors.reduce(0) { $0 + exp(row[$1] - peak) }
        let weight = 1 / (rows * Double(wanted.count))
        value += weight * (peak + log(total) - row[p])
        for j in competitors { gradient[i][j] += weight * exp(row[j] - peak) / total }
        gradient[i][p] -= weight
      }
    }
    return (value, gradient)
  }

  @Test func `positives do not compete`() throws {
    var example = LabelCase.random(seed: 9, temperature: 1)
    example.queries = [example.queries[0]]
    example.positives = [[1, 4]]
    let before = try example.streamed(Loss.self)
    example.bias[4] += 3
    let after = try example.streamed(Loss.self)
    expectClose(after.bias[1], before.bias[1], tolerance: 1e-12, "slope at the other positive")
    #expect(after.value < before.value)
  }

  @Test func `equal scores give the chance level`() throws {
    let example = LabelCase(
      queries: [[0], [0]], labels: Array(repeating: [1], count: 9),
      bias: Array(repeating: 0.3, count: 9), positives: [[0], [8, 2, 4]], temperature: 1)
    expectClose(
      try example.streamed(Loss.self, blockSize: 4).value, (log(9) + log(7)) / 2,
      tolerance: 1e-12)
  }

  @Test func `handles a positive at the end of a block`() throws {
    // One query, scores 0, 0, 2 with the last one positive: softplus(log 2 − 2).
    let example = LabelCase(
      queries: [[1]], labels: [[0], [0], [2]], bias: [0, 0, 0], positives: [[2]], temperature: 1)
    let miss = 1 / (1 + exp(2 - log(2.0)))
    for size in [1, 2, 3, nil] {
      let found = try example.streamed(Loss.self, blockSize: size)
      expectClose(found.value, log(1 + exp(log(2.0) - 2)), tolerance: 1e-12)
      expectClose(found.bias, [miss / 2, miss / 2, -miss], tolerance: 1e-12)
    }
  }

  @Test func `queries without negatives have zero loss`() throws {
    var example = LabelCase.random(seed: 10, temperature: 1)
    let none = example.chained(value: 0, scoreGradient: example.scores.map { $0.map { _ in 0 } })
    example.positives = Array(repeating: Array(0..<7), count: 6)
    for size in [3, nil] {
      for dtype in [DType.float32, .float64] {
        expectClose(try example.streamed(Loss.self, blockSize: size, dtype: dtype), none, "all")
      }
    }
    expectClose(try example.composed(Loss.self), none)
  }

  @Test func `labels hidden by bias do not count`() throws {
    var example = LabelCase.random(seed: 11, temperature: 1)
    example.positives = [[0], [0, 2], [], [2], [0], [0, 2]]
    example.bias = [0, -.infinity, 0, -.infinity, -.infinity, -.infinity, -.infinity]
    var visible = example
    visible.labels = [example.labels[0], example.labels[2]]
    visible.bias = [0, 0]
    visible.positives = [[0], [0, 1], [], [1], [0], [0, 1]]
    let expected = try visible.streamed(Loss.self)
    for size in [1, 3, nil] {
      for dtype in [DType.float32, .float64] {
        let found = try example.streamed(Loss.self, blockSize: size, dtype: dtype)
        expectClose(found.value, expected.value, tolerance: 1e-6)
        expectClose(found.queries, expected.queries, tolerance: 1e-6)
        expectClose(
          found.bias, [expected.bias[0], 0, expected.bias[1], 0, 0, 0, 0], tolerance: 1e-6)
      }
    }
  }
}
