import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct MultiViewInfoNCELossTests {
  private struct Options: Decodable { let temperature: Double }

  private static func loss(_ temperature: Double) -> PairLoss {
    { try MultiViewInfoNCELoss(temperature: temperature)(views: $0) }
  }

  private static func views(_ count: Int, of examples: Int) -> [[[Double]]] {
    PairLossChecks.matrices(
      [(rows: Int, width: Int)](repeating: (examples, 3), count: count), seed: 8)
  }

  @Test(arguments: [2, 3, 4], [0.05, 0.5, 5])
  func `matches the equation`(viewCount: Int, temperature: Double) throws {
    let views = Self.views(viewCount, of: 3)
    func score(_ v: Int, _ i: Int, _ w: Int, _ j: Int) -> Double {
      Loops.cosine(views[v][i], views[w][j]) / temperature
    }
    let terms = (0..<3).map { i in
      var pulled: [Double] = []
      var all: [Double] = []
      for v in 0..<viewCount {
        for w in 0..<viewCount {
          if v != w { pulled.append(score(v, i, w, i)) }
          for j in 0..<3 where (w, j) != (v, i) { all.append(score(v, i, w, j)) }
        }
      }
      return Loops.logSumExp(all) - Loops.logSumExp(pulled)
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(temperature), at: views).value, Loops.mean(terms),
      tolerance: 1e-12)
    let each = try MultiViewInfoNCELoss(temperature: temperature)
      .perExample(views: views.map { Tensor(rows: $0) })
    expectClose(each.doubles(), terms, tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("MultiViewInfoNCELoss", Options.self, cases: 4) {
      Self.loss($0.temperature)
    }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[[Double]]](repeating: [[1, 2], [1, 2], [1, 2], [1, 2]], count: 3)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: equal).value, log(11.0 / 2),
      tolerance: 1e-12)
  }

  @Test func `traps on a single view`() async {
    await #expect(processExitsWith: .failure) {
      _ = try MultiViewInfoNCELoss()(views: [.ones([2, 2])])
    }
  }
}
