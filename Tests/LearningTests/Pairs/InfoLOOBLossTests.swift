import Foundation
import Learning
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
  func agreesWithTheEquation(count: Int, temperature: Double) throws {
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

  @Test func agreesWithPyTorch() throws {
    try PairLossChecks.agreesWithTheGolden("InfoLOOBLoss", Options.self, cases: 3) {
      Self.loss($0.temperature)
    }
  }

  @Test func gradientsMatchDifferences() throws {
    try PairLossChecks.gradientsMatchDifferences(at: Self.pairs(4), Self.loss(0.5))
  }

  @Test func neitherTheSidesNorTheOrderNorTheLengthMatter() throws {
    let inputs = Self.pairs(5)
    for (others, label) in [
      ([inputs[1], inputs[0]], "sides swapped"), (inputs.map { $0.reversed() }, "rows reversed"),
      ([inputs[0].map { $0.map { $0 * 3 } }, inputs[1]], "rows scaled"),
    ] {
      try PairLossChecks.isTheSame(at: inputs, and: others, label, Self.loss(0.2))
    }
  }

  @Test func aPerfectPairStillPulls() throws {
    // The gradient at the positive's score does not vanish: −1 / N a direction, whatever the score.
    let axes = [[1.0, 0], [0, 1]]
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [axes, axes]).value, -20, tolerance: 1e-12)
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal]).value, 2 * log(5),
      tolerance: 1e-12)
  }

  @Test func aSinglePairIsNoLoss() throws {
    try PairLossChecks.isNothing(at: Self.pairs(1), Self.loss(0.1))
  }

  @Test func staysFiniteAndAgreesInFloat32() throws {
    try PairLossChecks.staysFinite(at: Self.pairs(4), Self.loss(1e-3))
    try PairLossChecks.agreesInFloat32(at: Self.pairs(6), Self.loss(0.5))
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try PairLossChecks.survivesARoundTrip(InfoLOOBLoss(), InfoLOOBLoss(temperature: 0.25))
  }
}
