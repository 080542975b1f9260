import Contrastive
import Foundation
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
  func `matches the equation`(count: Int, temperature: Double) throws {
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

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("NNCLRLoss", Options.self, cases: 3) {
      Self.loss($0.temperature)
    }
  }

  @Test func `both directions average the two losses`() throws {
    let (n, p) = (Self.inputs(4), PairLossChecks.matrices([(4, 3), (4, 3)], seed: 28))
    let both = try NNCLRLoss()(
      first: (Tensor(rows: n[0]), Tensor(rows: p[0])),
      second: (Tensor(rows: n[1]), Tensor(rows: p[1])))
    let forth = try PairLossChecks.result(of: Self.loss(0.1), at: [n[0], p[1]]).value
    let back = try PairLossChecks.result(of: Self.loss(0.1), at: [n[1], p[0]]).value
    expectClose(both.scalar, (forth + back) / 2, tolerance: 1e-12)
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal]).value, log(6),
      tolerance: 1e-12)
  }
}
