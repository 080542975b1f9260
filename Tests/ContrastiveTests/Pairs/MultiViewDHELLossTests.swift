import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct MultiViewDHELLossTests {
  private struct Options: Decodable { let temperature: Double }

  private static func loss(_ temperature: Double) -> PairLoss {
    { try MultiViewDHELLoss(temperature: temperature)(views: $0) }
  }

  private static func views(_ count: Int, of examples: Int) -> [[[Double]]] {
    PairLossChecks.matrices(
      [(rows: Int, width: Int)](repeating: (examples, 3), count: count), seed: 8)
  }

  @Test(arguments: [2, 3, 4], [0.05, 0.5, 5])
  func `matches the equation`(viewCount: Int, temperature: Double) throws {
    let views = Self.views(viewCount, of: 3)
    let terms = (0..<3).map { i in
      var pulled: [Double] = []
      var uniformity = 0.0
      for v in 0..<viewCount {
        for w in (v + 1)..<max(v + 1, viewCount) {
          pulled.append(Loops.cosine(views[v][i], views[w][i]) / temperature)
        }
        uniformity += Loops.logSumExp(
          (0..<3).filter { $0 != i }.map { Loops.cosine(views[v][i], views[v][$0]) / temperature })
      }
      return uniformity - Loops.logSumExp(pulled)
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(temperature), at: views).value, Loops.mean(terms),
      tolerance: 1e-12)
    let each = try MultiViewDHELLoss(temperature: temperature)
      .perExample(views: views.map { Tensor(rows: $0) })
    expectClose(each.doubles(), terms, tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("MultiViewDHELLoss", Options.self, cases: 4) {
      Self.loss($0.temperature)
    }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[[Double]]](repeating: [[1, 2], [1, 2], [1, 2], [1, 2]], count: 3)
    expectClose(
      try PairLossChecks.result(of: Self.loss(0.1), at: equal).value, 2 / 0.1 + 3 * log(3) - log(3),
      tolerance: 1e-12)
  }

  @Test func `a view repels no other view`() throws {
    // Turned by a right angle, the second view is as uniform as before: only the alignment moves.
    let first = [[1.0, 0], [0.6, 0.8], [0, 1]]
    let second = first.map { [-$0[1], $0[0]] }
    let near = try PairLossChecks.result(of: Self.loss(0.5), at: [first, first]).value
    let far = try PairLossChecks.result(of: Self.loss(0.5), at: [first, second]).value
    expectClose(far - near, 2, tolerance: 1e-12)
  }

  @Test func `traps on a single view`() async {
    await #expect(processExitsWith: .failure) {
      _ = try MultiViewDHELLoss()(views: [.ones([2, 2])])
    }
  }
}
