import Foundation
import Learning
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

  /// Two projections of each view.
  private static func views(_ count: Int) -> [[[Double]]] {
    PairLossChecks.matrices(
      [(rows: Int, width: Int)](repeating: (count, 2), count: 4), seed: 43)
  }

  private static func pairLoss(_ loss: AdaptiveMultiHeadLoss) -> PairLoss {
    { try loss(first: Array($0[0..<2]), second: Array($0[2..<4])) }
  }

  @Test func agreesWithPyTorchInValueAndGradient() throws {
    let golden = try Golden<Case>("AdaptiveMultiHeadLoss", testFile: learningTests)
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

  @Test func gradientsMatchDifferences() throws {
    try PairLossChecks.gradientsMatchDifferences(at: Self.views(3), Self.pairLoss(Self.loss()))
  }

  @Test func oneTemperatureLeavesTheHardestNegative() throws {
    // τ is ½ for all, so that Ω cancels out; cosines of the pairs are 1, of others 0 and 0.6.
    let rows = [[1.0, 0], [0, 1], [0.6, 0.8]]
    let loss = Self.loss(0.5...0.5)
    let found = try loss(first: [Tensor(rows: rows)], second: [Tensor(rows: rows)])
    expectClose(found.scalar, 2 * (0.6 + 0.8 + 0.8) / 3 - 2, tolerance: 1e-12)
  }

  @Test func neitherTheProjectionsNorTheOrderNorTheLengthMatter() throws {
    let loss = Self.pairLoss(Self.loss())
    let inputs = Self.views(4)
    for (others, label) in [
      ([inputs[1], inputs[0], inputs[3], inputs[2]], "projections swapped"),
      ([inputs[2], inputs[3], inputs[0], inputs[1]], "views swapped"),
      (inputs.map { $0.reversed() }, "rows reversed"),
      (inputs.map { $0.map { $0.map { $0 * 3 } } }, "rows scaled"),
    ] {
      try PairLossChecks.isTheSame(at: inputs, and: others, label, loss)
    }
  }

  @Test func aSingleExampleIsNoLoss() throws {
    try PairLossChecks.isNothing(at: Self.views(1), Self.pairLoss(Self.loss()))
  }

  @Test func staysFiniteWithTheAuthorsLowestTemperature() throws {
    let loss = Self.loss(1e-5...2)
    try loss.restore([
      "network.0.weight": .zeros([3, 4], dtype: .float64),
      "network.0.bias": .zeros([3], dtype: .float64),
      "network.2.weight": .zeros([1, 3], dtype: .float64),
      "network.2.bias": Tensor([-1e4]),
    ])
    let found = try PairLossChecks.result(of: Self.pairLoss(loss), at: Self.views(3))
    #expect(found.value.isFinite && found.gradients.joined().allSatisfy { $0.isFinite })
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try PairLossChecks.survivesARoundTrip(AdaptiveMultiHeadLoss.Configuration(width: 7, hidden: 9))
  }
}
