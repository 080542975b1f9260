import Foundation
import Learning
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
  func agreesWithTheEquation(count: Int, temperature: Double) throws {
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

  @Test func agreesWithPyTorch() throws {
    try PairLossChecks.agreesWithTheGolden("NTXentLoss", Options.self, cases: 5) {
      Self.loss($0.temperature)
    }
  }

  @Test func gradientsMatchDifferences() throws {
    try PairLossChecks.gradientsMatchDifferences(at: Self.views(4), Self.loss(0.5))
  }

  @Test func neitherTheOrderNorTheLengthOfRowsMatters() throws {
    let inputs = Self.views(5)
    for (others, label) in [
      ([inputs[1], inputs[0]], "views swapped"), (inputs.map { $0.reversed() }, "rows reversed"),
      ([inputs[0].map { $0.map { $0 * 3 } }, inputs[1]], "rows scaled"),
    ] {
      try PairLossChecks.isTheSame(at: inputs, and: others, label, Self.loss(0.2))
    }
  }

  @Test func equalRowsGiveTheChanceLevelAndOneExampleNothing() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal]).value, log(11),
      tolerance: 1e-12)
    // Two orthogonal examples, each seen twice: log(e^{1/τ} + 2) − 1/τ.
    let axes = [[1.0, 0], [0, 1]]
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.5), at: [axes, axes]).value, log(exp(2) + 2) - 2,
      tolerance: 1e-12)
    let single = try PairLossChecks.result(of: Self.loss(0.1), at: Self.views(1))
    expectClose(single.value, 0, tolerance: 1e-12)
    expectClose(
      Array(single.gradients.joined()), [Double](repeating: 0, count: 6), tolerance: 1e-12)
  }

  @Test func staysFiniteAndAgreesInFloat32() throws {
    try PairLossChecks.staysFinite(at: Self.views(4), Self.loss(1e-3))
    try PairLossChecks.agreesInFloat32(at: Self.views(6), Self.loss(0.5))
  }

  @Test func refusesATemperatureOfNothing() async {
    await #expect(processExitsWith: .failure) {
      _ = try NTXentLoss(temperature: 0)(first: .ones([2, 2]), second: .ones([2, 2]))
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try PairLossChecks.survivesARoundTrip(NTXentLoss(), NTXentLoss(temperature: 0.25))
  }
}
