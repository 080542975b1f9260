import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct BiasLossTests {
  private struct Options: Decodable {
    let scale: Double
    let offset: Double
    let smallest: Double
    let classes: [Int]
  }

  @Test func `agrees with the authors`() throws {
    try PairLossChecks.agreesWithTheGolden("BiasLoss", Options.self, cases: 3, detaches: true) {
      options in
      {
        var smallest = options.smallest
        return try BiasLoss(scale: options.scale, offset: options.offset)(
          features: $0[0], scores: $0[1], classes: options.classes, smallest: &smallest)
      }
    }
  }

  /// Variances ½, 2 and 8 of two features each; equal scores of two classes cost log 2.
  @Test func `the smallest variance is kept`() throws {
    let features = Tensor(rows: [[0.0, 1], [0, 2], [0, 4]])
    let scores = Tensor.zeros([3, 2], dtype: .float64)
    var smallest = Double.infinity
    let first = try BiasLoss()(
      features: features, scores: scores, classes: [0, 1, 0], smallest: &smallest)
    #expect(smallest == 0.5)
    let shares = [0, 1.5 / 7.5, 1]
    expectClose(
      first.scalar, log(2) * Loops.mean(shares.map { exp(0.3 * $0) - 0.3 }), tolerance: 1e-12)
    // An earlier batch had less.
    smallest = 0.25
    let second = try BiasLoss()(
      features: features, scores: scores, classes: [0, 1, 0], smallest: &smallest)
    #expect(smallest == 0.25)
    let moved = [0.25 / 7.5, 1.75 / 7.5, 7.75 / 7.5]
    expectClose(
      second.scalar, log(2) * Loops.mean(moved.map { exp(0.3 * $0) - 0.3 }), tolerance: 1e-12)
  }

  @Test func `equal variances give equal weights`() throws {
    var smallest = Double.infinity
    let value = try BiasLoss()(
      features: .ones([2, 3], dtype: .float64), scores: .zeros([2, 2], dtype: .float64),
      classes: [0, 1],
      smallest: &smallest)
    expectClose(value.scalar, 0.7 * log(2), tolerance: 1e-12)
  }
}
