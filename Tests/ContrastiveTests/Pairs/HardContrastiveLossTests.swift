import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct HardContrastiveLossTests {
  private struct Options: Decodable {
    let hardest: Int
    let temperature: Double
  }

  private static func loss(_ hardest: Int, _ temperature: Double) -> PairLoss {
    {
      try HardContrastiveLoss(hardest: hardest, temperature: temperature)(
        queries: $0[0], keys: $0[1], bank: $0.count > 2 ? $0[2] : nil)
    }
  }

  private static func inputs(bank: Int = 4) -> [[[Double]]] {
    PairLossChecks.matrices([(5, 3), (5, 3), (bank, 3)], seed: 21)
  }

  @Test(arguments: [1, 3, 6, 8], [0.05, 0.5, 5])
  func `matches the equation`(hardest: Int, temperature: Double) throws {
    let inputs = Self.inputs()
    let terms = inputs[0].indices.map { i in
      let own = Loops.cosine(inputs[0][i], inputs[1][i]) / temperature
      let others = (inputs[1].indices.filter { $0 != i }.map { inputs[1][$0] } + inputs[2])
        .map { Loops.cosine(inputs[0][i], $0) / temperature }
      return Loops.logSumExp([own] + others.sorted(by: >).prefix(hardest)) - own
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(hardest, temperature), at: inputs).value,
      Loops.mean(terms), tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("HardContrastiveLoss", Options.self, cases: 5) {
      Self.loss($0.hardest, $0.temperature)
    }
  }

  @Test func `easy negatives do not count`() throws {
    var inputs = Self.inputs()
    let far = inputs[0].reduce([0, 0, 0]) { sum, row in zip(sum, row).map { $0 - $1 } }
    inputs[0] = [[1, 0, 0], [0.9, 0.1, 0]]
    inputs[1] = [[1, 0.1, 0], [0.8, 0.3, 0]]
    inputs[2] = [[-1, 0, 0]]
    let before = try PairLossChecks.result(of: Self.loss(1, 0.5), at: inputs)
    inputs[2] = [[-1, 0.5, 0], far.map { _ in -2 }]
    let after = try PairLossChecks.result(of: Self.loss(1, 0.5), at: inputs)
    expectClose(after.value, before.value, tolerance: 1e-12)
    #expect(after.gradients[2].allSatisfy { $0 == 0 })
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2, 0], count: 6)
    expectClose(
      try PairLossChecks.result(of: Self.loss(3, 0.1), at: [equal, equal]).value, log(4),
      tolerance: 1e-12)
  }
}
