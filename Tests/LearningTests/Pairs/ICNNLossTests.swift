import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct ICNNLossTests {
  @Test func agreesWithTheFormulaInPyTorch() throws {
    try expectGolden("ICNNLoss", count: 6) { given, inputs in
      try ICNNLoss(neighbours: Int(given["neighbours"]), reach: Int(given["reach"]))(
        embeddings: #require(inputs["embeddings"]), classes: #require(given.classes))
    }
  }

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    let loss = ICNNLoss(neighbours: 3)
    try expectDifferences([random.rows(7, 2)]) {
      try loss(embeddings: $0[0], classes: [0, 1, 0, 2, 1, 0, 1])
    }
  }

  @Test func fourPointsOnALineByHand() throws {
    // Two pairs at 0, 1 and 10, 11: with K = 2 each has its partner at 1 and a foreign one after.
    let loss = ICNNLoss(neighbours: 1, reach: 2)
    let x = Tensor(rows: [[0.0], [1], [10], [11]])
    // u is 10, 9, 9, 10; all neighbours are of the own class, so that outer and share are 1.
    let inner = 1 - (1 / 10.0 + 1 / 9.0) / 2
    expectClose(
      try loss(embeddings: x, classes: [0, 0, 1, 1]).scalar, -log(((inner + 1) / 2 + 1) / 2),
      tolerance: 1e-6)
  }

  @Test func tighterClassesAndShiftsOfThePlane() throws {
    var random = SplitMix64(3)
    let offsets = random.rows(8, 2)
    let centres = [[0.0, 0], [9, 0]]
    func points(_ spread: Double) -> Tensor {
      Tensor(
        rows: offsets.indices.map { i in
          zip(centres[i % 2], offsets[i]).map { $0 + spread * $1 }
        })
    }
    let classes = (0..<8).map { $0 % 2 }
    let loss = ICNNLoss(neighbours: 4)
    let tight = try loss(embeddings: points(0.1), classes: classes).scalar
    let wide = try loss(embeddings: points(4), classes: classes).scalar
    #expect(tight < wide)
    expectClose(
      try loss(embeddings: points(4) + 3, classes: classes).scalar, wide, tolerance: 1e-9)
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(4)
    let classes = [0, 0, 1, 1, 2, 2]
    try expectFinite([Tensor(rows: random.rows(6, 3)) * 1e4]) {
      try ICNNLoss()(embeddings: $0[0], classes: classes)
    }
    try expectFinite([Tensor.ones([6, 2], dtype: .float64)]) {
      try ICNNLoss()(embeddings: $0[0], classes: classes)
    }
    try expectFinite([Tensor(rows: random.rows(6, 3))]) {
      try ICNNLoss()(embeddings: $0[0], classes: [1, 1, 1, 1, 1, 1])
    }
  }

  @Test func twoExamplesAreNothing() throws {
    try expectNothing([Tensor(rows: [[1.0], [2]])]) {
      try ICNNLoss()(embeddings: $0[0], classes: [0, 1])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(ICNNLoss(neighbours: 7, reach: 12))
  }
}
