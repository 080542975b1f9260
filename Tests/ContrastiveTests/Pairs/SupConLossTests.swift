import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct SupConLossTests {
  private struct Options: Decodable {
    let temperature: Double
    let classes: [Int]
  }

  private static func loss(_ temperature: Double, _ classes: [Int]) -> PairLoss {
    { try SupConLoss(temperature: temperature)(embeddings: $0[0], classes: classes) }
  }

  private static let classes = [7, 2, 7, 7, -3, 2, 5]
  private static let rows = PairLossChecks.matrices([(7, 3)], seed: 5)

  @Test(arguments: [0.05, 0.5, 5])
  func `matches the equation`(temperature: Double) throws {
    let rows = Self.rows[0]
    var terms: [Double] = []
    for i in rows.indices {
      let scores = rows.indices.map { Loops.cosine(rows[i], rows[$0]) / temperature }
      let others = rows.indices.filter { $0 != i }
      let positives = others.filter { Self.classes[$0] == Self.classes[i] }
      if positives.isEmpty { continue }
      let all = Loops.logSumExp(others.map { scores[$0] })
      terms.append(Loops.mean(positives.map { all - scores[$0] }))
    }
    #expect(terms.count == 5)
    expectClose(
      try PairLossChecks.result(of: Self.loss(temperature, Self.classes), at: Self.rows).value,
      Loops.mean(terms), tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("SupConLoss", Options.self, cases: 4) {
      Self.loss($0.temperature, $0.classes)
    }
  }

  @Test func `distinct classes reduce to two views of examples`() throws {
    let views = PairLossChecks.matrices([(4, 3), (4, 3)], seed: 6)
    let paired = try PairLossChecks.result(
      of: {
        try SupConLoss(temperature: 0.3)(views: $0, classes: [0, 1, 2, 3])
      }, at: views)
    // Then each row has one positive, and the loss is the cross-entropy of finding it.
    let rows = views[0] + views[1]
    let terms = rows.indices.map { i in
      let scores = rows.indices.map { Loops.cosine(rows[i], rows[$0]) / 0.3 }
      return Loops.logSumExp(rows.indices.filter { $0 != i }.map { scores[$0] })
        - scores[(i + 4) % 8]
    }
    expectClose(paired.value, Loops.mean(terms), tolerance: 1e-12)
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[[Double]](repeating: [1, 2], count: 6)]
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1, [0, 0, 1, 1, 1, 2]), at: equal).value, log(5),
      tolerance: 1e-12)
  }
}
