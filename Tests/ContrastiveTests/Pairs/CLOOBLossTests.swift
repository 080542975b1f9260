import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct CLOOBLossTests {
  private struct Options: Decodable {
    let temperature: Double
    let sharpness: Double
  }

  private static func loss(_ temperature: Double, _ sharpness: Double) -> PairLoss {
    {
      try CLOOBLoss(temperature: temperature, sharpness: sharpness)(first: $0[0], second: $0[1])
    }
  }

  private static func pairs(_ count: Int) -> [[[Double]]] {
    PairLossChecks.matrices([(count, 3), (count, 3)], seed: 25)
  }

  @Test(arguments: [2, 5], [0.05, 0.5])
  func `matches the equation`(_ count: Int, _ temperature: Double) throws {
    for sharpness in [0.0, 8] {
      let inputs = Self.pairs(count)
      let (x, y) = (Loops.unit(inputs[0]), Loops.unit(inputs[1]))
      func retrieved(_ states: [[Double]], from stored: [[Double]]) -> [[Double]] {
        Loops.unit(
          states.map { state in
            let shares = stored.map { exp(sharpness * Loops.dot(state, $0)) }
            let total = shares.reduce(0, +)
            return (0..<3).map { d in
              zip(stored, shares).reduce(0) { $0 + $1.0[d] * $1.1 / total }
            }
          })
      }
      func leftOut(_ a: [[Double]], _ b: [[Double]]) -> Double {
        Loops.mean(
          a.indices.map { i in
            Loops.logSumExp(
              a.indices.filter { $0 != i }.map { Loops.dot(a[i], b[$0]) / temperature })
              - Loops.dot(a[i], b[i]) / temperature
          })
      }
      let expected =
        leftOut(retrieved(x, from: x), retrieved(y, from: x))
        + leftOut(retrieved(y, from: y), retrieved(x, from: y))
      expectClose(
        try PairLossChecks.result(of: Self.loss(temperature, sharpness), at: inputs).value,
        temperature * expected, tolerance: 1e-12)
    }
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("CLOOBLoss", Options.self, cases: 3) {
      Self.loss($0.temperature, $0.sharpness)
    }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1, 8), at: [equal, equal]).value, 0.2 * log(5),
      tolerance: 1e-12)
  }
}
