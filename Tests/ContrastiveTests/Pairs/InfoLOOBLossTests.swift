import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct InfoLOOBLossTests {
  private struct Options: Decodable { let temperature: Double }

  private static func loss(_ temperature: Double) -> PairLoss {
    { try InfoLOOBLoss(temperature: temperature)(first: $0[0], second: $0[1]) }
  }

  private static func pairs(_ count: Int) -> [[[Double]]] {
    PairLossChecks.matrices([(count, 3), (count, 3)], seed: 23)
  }

  @Test(arguments: [2, 3, 7], [0.05, 0.5, 5])
  func `matches the equation`(count: Int, temperature: Double) throws {
    let inputs = Self.pairs(count)
    let scores = inputs[0].map { x in inputs[1].map { Loops.cosine(x, $0) / temperature } }
    let terms = (0..<count).map { i in
      let others = (0..<count).filter { $0 != i }
      return Loops.logSumExp(others.map { scores[i][$0] })
        + Loops.logSumExp(others.map { scores[$0][i] }) - 2 * scores[i][i]
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(temperature), at: inputs).value, Loops.mean(terms),
      tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("InfoLOOBLoss", Options.self, cases: 3) {
      Self.loss($0.temperature)
    }
  }

  @Test func `a perfect pair still has a gradient`() throws {
    // The gradient at the positive's score does not vanish: −1 / N a direction, whatever the score.
    let axes = [[1.0, 0], [0, 1]]
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [axes, axes]).value, -20, tolerance: 1e-12)
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal]).value, 2 * log(5),
      tolerance: 1e-12)
  }
}
