import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BYOLLossTests {
  private func loss(_ inputs: [Tensor]) throws -> Tensor {
    try BYOLLoss()(predictions: (inputs[0], inputs[1]), projections: (inputs[2], inputs[3]))
  }

  @Test func `agrees with lightly`() throws {
    try expectGolden("BYOLLoss", count: 2, detaches: true) { _, inputs in
      try loss(["p1", "p2", "z1", "z2"].map { try #require(inputs[$0]) })
    }
  }

  @Test func `matches the equation`() throws {
    var random = SplitMix64(1)
    let rows = (0..<4).map { _ in random.rows(5, 3) }
    func unit(_ row: [Double]) -> [Double] { row.map { $0 / Loops.dot(row, row).squareRoot() } }
    let expected = (0..<5).map { i -> Double in
      let one = Loops.distance(unit(rows[0][i]), unit(rows[3][i]))
      let other = Loops.distance(unit(rows[1][i]), unit(rows[2][i]))
      return one * one + other * other
    }
    expectClose(
      try loss(rows.map { Tensor(rows: $0) }).scalar, expected.reduce(0, +) / 5, tolerance: 1e-13)
  }

  @Test func `perfect alignment gives 0, opposition 8`() throws {
    let x = Tensor(rows: [[1.0, 2], [3, -1]])
    let y = Tensor(rows: [[0.0, 2], [1, 1]])
    expectClose(try loss([x, y, y * 3, x * 0.1]).scalar, 0)
    expectClose(try loss([x, y, -y, -x]).scalar, 8)
  }
}
