import Foundation
import Learning
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
  func agreesWithTheEquation(queued: Int, temperature: Double) throws {
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

  @Test func agreesWithPyTorch() throws {
    try PairLossChecks.agreesWithTheGolden("MoCoLoss", Options.self, cases: 3) {
      Self.loss($0.temperature)
    }
  }

  @Test func onlyQueriesGetAGradientAndItMatchesDifferences() throws {
    let inputs = Self.inputs()
    let (keys, queue) = (Tensor(rows: inputs[1]), Tensor(rows: inputs[2]))
    try PairLossChecks.gradientsMatchDifferences(at: [inputs[0]]) {
      try MoCoLoss(temperature: 0.5)(queries: $0[0], keys: keys, queue: queue)
    }
    let found = try PairLossChecks.result(of: Self.loss(0.5), at: inputs)
    #expect(found.gradients[1...].joined().allSatisfy { $0 == 0 })
  }

  @Test func neitherTheOrderNorTheLengthMatter() throws {
    let inputs = Self.inputs()
    for (others, label) in [
      ([inputs[0], inputs[1], inputs[2].reversed()], "queue reversed"),
      ([inputs[0].reversed(), inputs[1].reversed(), inputs[2]], "batch reversed"),
      ([inputs[0], inputs[1].map { $0.map { $0 * 3 } }, inputs[2]], "keys scaled"),
    ] {
      try PairLossChecks.isTheSame(at: inputs, and: others, label, Self.loss(0.2))
    }
  }

  @Test func equalRowsGiveTheChanceLevel() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: [equal, equal, equal]).value, log(7),
      tolerance: 1e-12)
  }

  @Test func anEmptyQueueIsNoLoss() throws {
    try PairLossChecks.isNothing(at: Array(Self.inputs()[0..<2])) {
      try MoCoLoss()(queries: $0[0], keys: $0[1], queue: .zeros([0, 3], dtype: .float64))
    }
  }

  @Test func staysFiniteAndAgreesInFloat32() throws {
    try PairLossChecks.staysFinite(at: Self.inputs(), Self.loss(1e-3))
    try PairLossChecks.agreesInFloat32(at: Self.inputs(), Self.loss(0.5))
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try PairLossChecks.survivesARoundTrip(MoCoLoss(), MoCoLoss(temperature: 0.25))
  }
}
