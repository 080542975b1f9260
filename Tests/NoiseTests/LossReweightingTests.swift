import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct LossReweightingTests {
  private struct Case: Decodable {
    let options: LossReweighting
    let losses: [Double]
    let weights: [Double]
    let value: Double
    let gradient: [Double]
  }

  @Test func `agrees with the authors' formulas`() throws {
    let golden = try Golden<Case>("LossReweighting")
    #expect(golden.cases.count == 6)
    for (index, example) in golden.cases.enumerated() {
      let losses = Tensor(example.losses).requiringGradient()
      expectClose(
        try example.options.weights(of: losses).doubles(), example.weights, tolerance: 1e-12,
        "case \(index)")
      let value = try example.options(losses)
      expectClose(value.scalar, example.value, tolerance: 1e-12)
      let slope = try gradients(of: value, withRespectTo: [losses])[0]
      expectClose(slope?.doubles() ?? [], example.gradient, tolerance: 1e-12)
    }
  }

  /// Losses of 0, 2, 3 and 4 are −1, 0, ½ and 1 on the scale.
  @Test func `weights follow the strategies`() throws {
    let losses = Tensor([0.0, 2, 3, 4])
    let marks: [LossReweighting.Strategy: [Double]] = [
      .cappedLinear: [0, 1, 1, 1], .quadratic: [0, 1, 0.75, 0], .extremes: [1, 0, 0.5, 1],
    ]
    for strategy in LossReweighting.Strategy.allCases {
      let expected = (marks[strategy] ?? []).map { exp($0 / 0.5) }
      let found = try LossReweighting(strategy: strategy, temperature: 0.5).weights(of: losses)
      #expect(!found.requiresGradient)
      expectClose(
        found.doubles(), expected.map { $0 / expected.reduce(0, +) }, tolerance: 1e-12,
        strategy.rawValue)
    }
  }

  @Test func `warming up and equal losses give equal weights`() throws {
    let quarter = [0.25, 0.25, 0.25, 0.25]
    expectClose(
      try LossReweighting().weights(of: Tensor([1.0, 2, 3, 9]), isWarmingUp: true).doubles(),
      quarter)
    for strategy in LossReweighting.Strategy.allCases {
      let weighting = LossReweighting(strategy: strategy, temperature: 0.01)
      expectClose(try weighting.weights(of: Tensor([2.0, 2, 2, 2])).doubles(), quarter)
    }
  }
}
