import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ICNNLossTests {
  @Test func `agrees with the formula in PyTorch`() throws {
    try expectGolden("ICNNLoss", count: 6) { given, inputs in
      try ICNNLoss(neighbours: Int(given["neighbours"]), reach: Int(given["reach"]))(
        embeddings: #require(inputs["embeddings"]), classes: #require(given.classes))
    }
  }

  @Test func `four points on a line match values by hand`() throws {
    // Two pairs at 0, 1 and 10, 11: with K = 2 each has its partner at 1 and a foreign one after.
    let loss = ICNNLoss(neighbours: 1, reach: 2)
    let x = Tensor(rows: [[0.0], [1], [10], [11]])
    // u is 10, 9, 9, 10; all neighbours are of the own class, so that outer and share are 1.
    let inner = 1 - (1 / 10.0 + 1 / 9.0) / 2
    expectClose(
      try loss(embeddings: x, classes: [0, 0, 1, 1]).scalar, -log(((inner + 1) / 2 + 1) / 2),
      tolerance: 1e-6)
  }

  @Test func `tighter classes have a smaller loss`() throws {
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
  }
}
