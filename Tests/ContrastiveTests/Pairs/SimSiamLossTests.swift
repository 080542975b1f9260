import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SimSiamLossTests {
  private func loss(_ inputs: [Tensor]) throws -> Tensor {
    try SimSiamLoss()(predictions: (inputs[0], inputs[1]), projections: (inputs[2], inputs[3]))
  }

  @Test func `agrees with lightly`() throws {
    try expectGolden("SimSiamLoss", count: 2, detaches: true) { _, inputs in
      try loss(["p1", "p2", "z1", "z2"].map { try #require(inputs[$0]) })
    }
  }

  @Test func `matches the equation`() throws {
    var random = SplitMix64(1)
    let rows = (0..<4).map { _ in random.rows(5, 3) }
    let expected = (0..<5).map {
      -0.5 * (Loops.cosine(rows[0][$0], rows[3][$0]) + Loops.cosine(rows[1][$0], rows[2][$0]))
    }
    expectClose(
      try loss(rows.map { Tensor(rows: $0) }).scalar, expected.reduce(0, +) / 5, tolerance: 1e-13)
  }

  @Test func `perfect alignment gives −1`() throws {
    let x = Tensor(rows: [[1.0, 2], [3, -1]])
    let y = Tensor(rows: [[0.0, 2], [1, 1]])
    expectClose(try loss([x, y, y * 3, x * 0.1]).scalar, -1)
  }
}
