import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ArcFaceLossTests {
  @Test func `agrees with pytorch-metric-learning`() throws {
    try expectGolden("ArcFaceLoss", count: 4) { given, inputs in
      try ArcFaceLoss(margin: given["margin"], scale: given["scale"])(
        embeddings: #require(inputs["embeddings"]), weights: #require(inputs["weights"]),
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0, 0.5, 2.5], [0.5, 16])
  func `matches the equation`(_ margin: Double, _ scale: Double) throws {
    var random = SplitMix64(1)
    let (x, w) = (random.rows(6, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0]
    let terms = x.indices.map { i -> Double in
      let cosines = w.map { Loops.cosine(x[i], $0) }
      let angle = acos(cosines[y[i]])
      let own =
        angle <= .pi - margin ? cos(angle + margin) : cosines[y[i]] - margin * sin(margin)
      let others = w.indices.filter { $0 != y[i] }.map { exp(scale * cosines[$0]) }
      return -log(exp(scale * own) / (exp(scale * own) + others.reduce(0, +)))
    }
    let loss = ArcFaceLoss(margin: margin, scale: scale, blockSize: 3)
    expectClose(
      try loss(embeddings: Tensor(rows: x), weights: Tensor(rows: w), classes: y).scalar,
      terms.reduce(0, +) / 6, tolerance: 1e-11)
  }

  @Test func `equal weights give the chance level`() throws {
    let loss = ArcFaceLoss(margin: 0, scale: 10)
    expectClose(
      try loss(
        embeddings: Tensor(rows: [[1.0, 2], [0, 1]]), weights: .ones([5, 2], dtype: .float64),
        classes: [0, 4]
      ).scalar, log(5), tolerance: 1e-12)
  }

  @Test func `traps on a class without weights`() async {
    await #expect(processExitsWith: .failure) {
      _ = try ArcFaceLoss()(embeddings: .ones([1, 2]), weights: .ones([3, 2]), classes: [3])
    }
  }
}
