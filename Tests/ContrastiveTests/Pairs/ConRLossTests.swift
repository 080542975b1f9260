import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct ConRLossTests {
  private struct Options: Decodable {
    let targets: [Double]
    let predictions: [Double]
    let weights: [Double]
    let width: Double
    let temperature: Double
    let push: Double
  }

  private static func loss(
    _ targets: [Double], _ predictions: [Double], _ weights: [Double]? = nil,
    _ loss: ConRLoss = ConRLoss(width: 1, temperature: 0.5, push: 0.1)
  ) -> PairLoss {
    {
      try loss(
        embeddings: $0[0], targets: Tensor(targets), predictions: Tensor(predictions),
        weights: weights.map { Tensor($0) })
    }
  }

  private static let targets = [20, 21, 20.5, 40, 41, 70]
  private static let predictions = [20, 41, 20, 20.5, 40, 69]
  private static let rows = PairLossChecks.matrices([(6, 3)], seed: 31)

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("ConRLoss", Options.self, cases: 3) {
      Self.loss(
        $0.targets, $0.predictions, $0.weights,
        ConRLoss(width: $0.width, temperature: $0.temperature, push: $0.push))
    }
  }

  @Test func `one pair of each kind matches values by hand`() throws {
    // Row 0: row 1 is its positive, row 2 its negative. Row 2 has no positive, row 1 no negative.
    let rows = [[1.0, 0], [0.6, 0.8], [0, 1]]
    let found = try PairLossChecks.result(
      of: Self.loss([1, 1.5, 3], [1, 9, 1], [2, 1, 1]), at: [rows])
    let expected = 2 * (log(exp(1.2) + 2 * exp(0.2)) - 1.2) / 3
    expectClose(found.value, expected, tolerance: 1e-12)
  }

  @Test func `rarer targets weigh more`() throws {
    let plain = try PairLossChecks.result(
      of: Self.loss(Self.targets, Self.predictions), at: Self.rows)
    let ones = [Double](repeating: 1, count: 6)
    let same = try PairLossChecks.result(
      of: Self.loss(Self.targets, Self.predictions, ones), at: Self.rows)
    let twice = try PairLossChecks.result(
      of: Self.loss(Self.targets, Self.predictions, ones.map { $0 * 2 }), at: Self.rows)
    expectClose(same.value, plain.value, tolerance: 1e-12)
    #expect(twice.value > 2 * plain.value && plain.value > 0)
  }
}
