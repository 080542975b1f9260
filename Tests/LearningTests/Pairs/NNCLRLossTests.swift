import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct NNCLRLossTests {
  private struct Options: Decodable { let temperature: Double }

  private static func loss(_ temperature: Double) -> PairLoss {
    { try NNCLRLoss(temperature: temperature)(neighbours: $0[0], predictions: $0[1]) }
  }

  private static func inputs(_ count: Int) -> [[[Double]]] {
    PairLossChecks.matrices([(count, 3), (count, 3)], seed: 27)
  }

  @Test(arguments: [2, 3, 7], [0.05, 0.5, 5])
  func agreesWithTheEquation(count: Int, temperature: Double) throws {
    let inputs = Self.inputs(count)
    let terms = inputs[0].indices.map { i in
      let scores = inputs[1].map { Loops.cosine(inputs[0][i], $0) / temperature }
      return Loops.logSumExp(scores) - scores[i]
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(temperature), at: inputs).value, Loops.mean(terms),
      tolerance: 1e-12)
    let each = try NNCLRLoss(temperature: temperature)
      .perExample(neighbours: Tensor(rows: inputs[0]), predictions: Tensor(rows: inputs[1]))
    expectClose(each.doubles(), terms, tolerance: 1e-12)
  }

  @Test func agreesWithPyTorch() throws {
    try PairLossChecks.agreesWithTheGolden("NNCLRLoss", Options.self, cases: 3) {
      Self.loss($0.temperature)
    }
  }

  @Test func onlyPredictionsGetAGradientAndItMatchesDifferences() throws {
    let inputs = Self.inputs(4)
    let near = Tensor(rows: inputs[0])
    try PairLossChecks.gradientsMatchDifferences(at: [inputs[1]]) {
      try NNCLRLoss(temperature: 0.5)(neighbours: near, predictions: $0[0])
    }
    let found = try PairLossChecks.result(of: Self.loss(0.5), at: inputs)
    #expect(found.gradients[0].allSatisfy { $0 == 0 })
  }

  @Test func bothDirectionsAreTheMeanOfTheTwo() throws {
    let (n, p) = (Self.inputs(4), PairLossChecks.matrices([(4, 3), (4, 3)], seed: 28))
    let both = try NNCLRLoss()(
      first: (Tensor(rows: n[0]), Tensor(rows: p[0])),
      second: (Tensor(rows: n[1]), Tensor(rows: p[1])))
    let forth = try PairLossChecks.result(of: Self.loss(0.1), at: [n[0], p[1]]).value
    let back = try PairLossChecks.result(of: Self.loss(0.1), at: [n[1], p[0]]).value
    expectClose(both.scalar, (forth + back) / 2, tolerance: 1e-12)
  }

  @Test func equalRowsGiveTheChanceLevelAndOneExampleNothing() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal]).value, log(6),
      tolerance: 1e-12)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: Self.inputs(1)).value, 0, tolerance: 1e-12)
  }

  @Test func staysFiniteAndAgreesInFloat32() throws {
    try PairLossChecks.staysFinite(at: Self.inputs(4), Self.loss(1e-3))
    try PairLossChecks.agreesInFloat32(at: Self.inputs(6), Self.loss(0.5))
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try PairLossChecks.survivesARoundTrip(NNCLRLoss(), NNCLRLoss(temperature: 0.25))
  }
}
