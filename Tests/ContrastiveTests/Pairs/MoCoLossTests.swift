import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct MoCoLossTests {
  private struct Options: Decodable { let temperature: Double }

  private static func loss(_ temperature: Double) -> PairLoss {
    { try MoCoLoss(temperature: temperature)(queries: $0[0], keys: $0[1], queue: $0[2]) }
  }

  private static func inputs(queued: Int = 6) -> [[[Double]]] {
    PairLossChecks.matrices([(4, 3), (4, 3), (queued, 3)], seed: 26)
  }

  @Test(arguments: [1, 6], [0.05, 0.5, 5])
  func `matches the equation`(queued: Int, temperature: Double) throws {
    let inputs = Self.inputs(queued: queued)
    let terms = inputs[0].indices.map { i in
      let own = Loops.cosine(inputs[0][i], inputs[1][i]) / temperature
      return Loops.logSumExp(
        [own] + inputs[2].map { Loops.cosine(inputs[0][i], $0) / temperature }) - own
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(temperature), at: inputs).value, Loops.mean(terms),
      tolerance: 1e-12)
    let rows = inputs.map { Tensor(rows: $0) }
    let each = try MoCoLoss(temperature: temperature)
      .perExample(queries: rows[0], keys: rows[1], queue: rows[2])
    expectClose(each.doubles(), terms, tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("MoCoLoss", Options.self, cases: 3) {
      Self.loss($0.temperature)
    }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal, equal]).value, log(7),
      tolerance: 1e-12)
  }
}
