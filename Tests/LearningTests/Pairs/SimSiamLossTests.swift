import Learning
import TestSupport
import Testing
import Torch

@Suite struct SimSiamLossTests {
  private func loss(_ inputs: [Tensor]) throws -> Tensor {
    try SimSiamLoss()(predictions: (inputs[0], inputs[1]), projections: (inputs[2], inputs[3]))
  }

  @Test func agreesWithLightly() throws {
    try expectGolden("SimSiamLoss", count: 2, detaches: true) { _, inputs in
      try loss(["p1", "p2", "z1", "z2"].map { try #require(inputs[$0]) })
    }
  }

  @Test func agreesWithTheEquation() throws {
    var random = SplitMix64(1)
    let rows = (0..<4).map { _ in random.rows(5, 3) }
    let expected = (0..<5).map {
      -0.5 * (Plain.cosine(rows[0][$0], rows[3][$0]) + Plain.cosine(rows[1][$0], rows[2][$0]))
    }
    expectClose(
      try loss(rows.map { Tensor(rows: $0) }).scalar, expected.reduce(0, +) / 5, tolerance: 1e-13)
  }

  @Test func gradientsAreDifferencesWithTheProjectionsHeld() throws {
    var random = SplitMix64(2)
    let fixed = [Tensor(rows: random.rows(3, 2)), Tensor(rows: random.rows(3, 2))]
    try expectDifferences([random.rows(3, 2), random.rows(3, 2)]) { try loss($0 + fixed) }
  }

  @Test func noGradientReachesTheProjections() throws {
    var random = SplitMix64(3)
    let leaves = (0..<4).map { _ in Tensor(rows: random.rows(3, 2)).requiringGradient() }
    let slopes = try gradients(of: loss(leaves), withRespectTo: leaves)
    #expect(slopes[0] != nil && slopes[1] != nil && slopes[2] == nil && slopes[3] == nil)
  }

  @Test func perfectAlignmentIsMinusOne() throws {
    let x = Tensor(rows: [[1.0, 2], [3, -1]])
    let y = Tensor(rows: [[0.0, 2], [1, 1]])
    expectClose(try loss([x, y, y * 3, x * 0.1]).scalar, -1)
  }

  @Test func staysFinite() throws {
    let x = Tensor(rows: [[1e4, 2], [0, 0]])
    try expectFinite([x, x * 1e-4, x, -x]) { try loss($0) }
    let none = x[0..<0]
    try expectNothing([none, none, none, none]) { try loss($0) }
  }

  @Test func survivesARoundTripThroughItsRecord() throws { try expectRoundTrip(SimSiamLoss()) }
}
