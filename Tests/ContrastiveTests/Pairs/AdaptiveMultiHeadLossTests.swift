import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct AdaptiveMultiHeadLossTests {
  private struct Case: Decodable {
    let lowest: Double
    let highest: Double
    let regularization: Double
    let first: [[[Double]]]
    let second: [[[Double]]]
    let state: [String: GoldenTensor]
    let value: Double
    let ofFirst: [[[Double]]]
    let ofSecond: [[[Double]]]
    let gradients: [String: [Double]]
  }

  private static func loss(
    _ temperatures: ClosedRange<Double> = 0.1...2, regularization: Double = 0.1,
    dtype: DType = .float64
  ) -> AdaptiveMultiHeadLoss {
    AdaptiveMultiHeadLoss(
      .init(width: 2, hidden: 3, temperatures: temperatures, regularization: regularization),
      generator: Generator(seed: 4), dtype: dtype)
  }

  @Test func `value and gradient agree with PyTorch`() throws {
    let golden = try Golden<Case>("AdaptiveMultiHeadLoss")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let loss = Self.loss(
        found.lowest...found.highest, regularization: found.regularization)
      try loss.restore(found.state.mapValues(\.tensor))
      let first = found.first.map { Tensor(rows: $0).requiringGradient() }
      let second = found.second.map { Tensor(rows: $0).requiringGradient() }
      let value = try loss(first: first, second: second)
      expectClose(value.scalar, found.value, tolerance: 1e-12)
      let slopes = try gradients(
        of: value, withRespectTo: first + second + loss.parameters.map(\.tensor))
      let expected =
        (found.ofFirst + found.ofSecond).map { Array($0.joined()) }
        + loss.parameters.map { found.gradients[$0.name] ?? [] }
      for (slope, wanted) in zip(slopes, expected) {
        expectClose(slope?.doubles() ?? [], wanted, tolerance: 1e-11)
      }
    }
  }

  @Test func `one temperature leaves the hardest negative`() throws {
    // τ is ½ for all, so that Ω cancels out; cosines of the pairs are 1, of others 0 and 0.6.
    let rows = [[1.0, 0], [0, 1], [0.6, 0.8]]
    let loss = Self.loss(0.5...0.5)
    let found = try loss(first: [Tensor(rows: rows)], second: [Tensor(rows: rows)])
    expectClose(found.scalar, 2 * (0.6 + 0.8 + 0.8) / 3 - 2, tolerance: 1e-12)
  }
}
