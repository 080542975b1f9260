import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct DCLLossTests {
  private struct Options: Decodable {
    let temperature: Double
    let sigma: Double?
  }

  private static func loss(_ temperature: Double, sigma: Double? = nil) -> PairLoss {
    let weighting = sigma.map { DCLLoss.Weighting.vonMisesFisher(sigma: $0) } ?? .equal
    return {
      try DCLLoss(temperature: temperature, weighting: weighting)(first: $0[0], second: $0[1])
    }
  }

  private static func views(_ count: Int) -> [[[Double]]] {
    PairLossChecks.matrices([(count, 3), (count, 3)], seed: 7)
  }

  /// The equation with the weights of `held`.
  private static func equation(
    _ inputs: [[[Double]]], _ temperature: Double, sigma: Double?, held: [[[Double]]]
  ) -> Double {
    let count = inputs[0].count
    let rows = inputs[0] + inputs[1]
    let closeness = zip(held[0], held[1]).map { exp(Loops.cosine($0, $1) / (sigma ?? 1)) }
    let total = Loops.mean(closeness)
    return Loops.mean(
      rows.indices.map { i in
        let partner = (i + count) % (2 * count)
        let scores = rows.indices.map { Loops.cosine(rows[i], rows[$0]) / temperature }
        let weight = sigma == nil ? 1 : 2 - closeness[i % count] / total
        // One logarithm over the negatives of both views.
        let negatives = rows.indices.filter { $0 != i && $0 != partner }.map { scores[$0] }
        return Loops.logSumExp(negatives) - weight * scores[partner]
      })
  }

  @Test(arguments: [2, 3, 7], [0.05, 0.5, 5])
  func `matches the equation`(count: Int, temperature: Double) throws {
    let inputs = Self.views(count)
    for sigma in [nil, 0.5] {
      expectClose(
        try PairLossChecks.result(of: Self.loss(temperature, sigma: sigma), at: inputs).value,
        Self.equation(inputs, temperature, sigma: sigma, held: inputs), tolerance: 1e-12)
    }
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("DCLLoss", Options.self, cases: 5) {
      Self.loss($0.temperature, sigma: $0.sigma)
    }
  }

  @Test func `gradient matches finite differences with fixed weights`() throws {
    let inputs = Self.views(4)
    try PairLossChecks.gradientsMatchDifferences(
      at: inputs,
      holding: { moved in
        let rows = moved.map { matrix in
          (0..<4).map { matrix[$0].doubles() }
        }
        return Tensor(
          Self.equation(rows, 0.5, sigma: 0.3, held: inputs), dtype: .float64)
      }, Self.loss(0.5, sigma: 0.3))
  }

  @Test func `the positive is in no denominator`() throws {
    // Two orthogonal examples, each seen twice: the negatives' cosines are 0.
    let axes = [[1.0, 0], [0, 1]]
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.5), at: [axes, axes]).value, log(2) - 2,
      tolerance: 1e-12)
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1, sigma: 0.5), at: [equal, equal]).value, log(10),
      tolerance: 1e-12)
  }

  @Test func `the loss is the mean over examples`() throws {
    let inputs = Self.views(5)
    let each = try DCLLoss(temperature: 0.3, weighting: .vonMisesFisher(sigma: 0.5)).perExample(
      first: Tensor(rows: inputs[0]), second: Tensor(rows: inputs[1]))
    #expect(each.shape == [5])
    expectClose(
      Loops.mean(each.doubles()),
      try PairLossChecks.result(of: Self.loss(0.3, sigma: 0.5), at: inputs).value,
      tolerance: 1e-12)
  }
}
