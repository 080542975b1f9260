import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct NTXentLossTests {
  private struct Options: Decodable { let temperature: Double }

  private static func loss(_ temperature: Double) -> PairLoss {
    { try NTXentLoss(temperature: temperature)(first: $0[0], second: $0[1]) }
  }

  private static func views(_ count: Int) -> [[[Double]]] {
    PairLossChecks.matrices([(count, 3), (count, 3)], seed: 4)
  }

  @Test(arguments: [2, 3, 7], [0.05, 0.5, 5])
  func `matches the equation`(count: Int, temperature: Double) throws {
    let inputs = Self.views(count)
    let rows = inputs[0] + inputs[1]
    let terms = rows.indices.map { i in
      let scores = rows.indices.map { Loops.cosine(rows[i], rows[$0]) / temperature }
      let others = rows.indices.filter { $0 != i }.map { scores[$0] }
      return Loops.logSumExp(others) - scores[(i + count) % (2 * count)]
    }
    let found = try PairLossChecks.result(of: Self.loss(temperature), at: inputs)
    expectClose(found.value, Loops.mean(terms), tolerance: 1e-12)
    let each = try NTXentLoss(temperature: temperature).perExample(
      first: Tensor(rows: inputs[0]), second: Tensor(rows: inputs[1]))
    expectClose(
      each.doubles(), (0..<count).map { (terms[$0] + terms[$0 + count]) / 2 }, tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("NTXentLoss", Options.self, cases: 5) {
      Self.loss($0.temperature)
    }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal]).value, log(11),
      tolerance: 1e-12)
    // Two orthogonal examples, each seen twice: log(e^{1/τ} + 2) − 1/τ.
    let axes = [[1.0, 0], [0, 1]]
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.5), at: [axes, axes]).value, log(exp(2) + 2) - 2,
      tolerance: 1e-12)
  }

  @Test func `traps on temperature 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = try NTXentLoss(temperature: 0)(first: .ones([2, 2]), second: .ones([2, 2]))
    }
  }
}
