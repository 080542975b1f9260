import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct HydraLossTests {
  private struct Options: Decodable {
    let temperature: Double
    let classes: [Int]
    let partners: [Int]
  }

  private static func loss(
    _ classes: [Int], _ partners: [Int], temperature: Double = 0.5
  ) -> PairLoss {
    {
      try HydraLoss(temperature: temperature)(
        embeddings: $0[0], gates: $0[1], classes: classes, partners: partners)
    }
  }

  private static let classes = [0, 5, 2, 0, 5]
  private static let partners = [5, 0, 2, 2, 9]
  private static let inputs = PairLossChecks.matrices([(5, 3), (5, 3)], seed: 42)

  @Test(arguments: [0.05, 0.5, 5])
  func `matches the equation`(temperature: Double) throws {
    let (rows, gates) = (Self.inputs[0], Self.inputs[1])
    var terms: [Double] = []
    for i in rows.indices {
      let gated = rows.map { row in zip(row, gates[i]).map { $0 * $1 } }
      let scores = gated.map { Loops.cosine(gated[i], $0) / temperature }
      let pushed = rows.indices.filter {
        Self.classes[$0] != Self.classes[i] && Self.classes[$0] != Self.partners[i]
      }
      for j in rows.indices where Self.classes[j] == Self.partners[i] {
        terms.append(Loops.logSumExp([scores[j]] + pushed.map { scores[$0] }) - scores[j])
      }
    }
    #expect(terms.count == 6)
    expectClose(
      try PairLossChecks.result(
        of: Self.loss(Self.classes, Self.partners, temperature: temperature), at: Self.inputs
      ).value, Loops.mean(terms), tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("HydraLoss", Options.self, cases: 3) {
      Self.loss($0.classes, $0.partners, temperature: $0.temperature)
    }
  }

  @Test func `gated dimensions do not count`() throws {
    let open = [[Double]](repeating: [1, 0.5, 0], count: 5)
    let expected = try PairLossChecks.result(
      of: Self.loss(Self.classes, Self.partners), at: [Self.inputs[0], open])
    let changed = Self.inputs[0].map { [$0[0], $0[1], 7 - $0[2]] }
    let found = try PairLossChecks.result(
      of: Self.loss(Self.classes, Self.partners), at: [changed, open])
    expectClose(found.value, expected.value, tolerance: 1e-12)
    for row in 0..<5 { #expect(found.gradients[0][row * 3 + 2] == 0) }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2, 3], count: 5)
    expectClose(
      try PairLossChecks.result(
        of: Self.loss([0, 1, 2, 3, 4], [1, 2, 3, 4, 0]), at: [equal, equal]
      ).value, log(4), tolerance: 1e-12)
  }
}
