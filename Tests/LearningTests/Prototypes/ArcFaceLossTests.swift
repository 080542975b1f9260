import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct ArcFaceLossTests {
  @Test func agreesWithPytorchMetricLearning() throws {
    try expectGolden("ArcFaceLoss", count: 4) { given, inputs in
      try ArcFaceLoss(margin: given["margin"], scale: given["scale"])(
        embeddings: #require(inputs["embeddings"]), weights: #require(inputs["weights"]),
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0, 0.5, 2.5], [0.5, 16])
  func agreesWithTheEquation(_ margin: Double, _ scale: Double) throws {
    var random = SplitMix64(1)
    let (x, w) = (random.rows(6, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0]
    let terms = x.indices.map { i -> Double in
      let cosines = w.map { Plain.cosine(x[i], $0) }
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

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    for margin in [0.3, 2] {
      let loss = ArcFaceLoss(margin: margin, scale: 4)
      try expectDifferences([random.rows(4, 3), random.rows(3, 3)]) {
        try loss(embeddings: $0[0], weights: $0[1], classes: [0, 2, 2, 0])
      }
    }
  }

  @Test func theLengthOfVectorsChangesNothing() throws {
    var random = SplitMix64(3)
    let (x, w) = (Tensor(rows: random.rows(4, 3)), Tensor(rows: random.rows(3, 3)))
    expectClose(
      try ArcFaceLoss()(embeddings: x * 9, weights: w * 0.1, classes: [0, 1, 1, 2]).scalar,
      try ArcFaceLoss()(embeddings: x, weights: w, classes: [0, 1, 1, 2]).scalar,
      tolerance: 1e-11)
  }

  @Test func equalWeightsGiveTheChanceLevel() throws {
    let loss = ArcFaceLoss(margin: 0, scale: 10)
    expectClose(
      try loss(
        embeddings: Tensor(rows: [[1.0, 2], [0, 1]]), weights: .ones([5, 2], dtype: .float64),
        classes: [0, 4]
      ).scalar, log(5), tolerance: 1e-12)
  }

  @Test func staysFiniteAtPerfectAlignment() throws {
    let x = Tensor(rows: [[1e4, 0], [0, -1e-4], [1, 1]])
    for (margin, scale) in [(0.5, 64.0), (0.5, 1e4), (3, 1e-3)] {
      let loss = ArcFaceLoss(margin: margin, scale: scale)
      try expectFinite([x, x]) {
        try loss(embeddings: $0[0], weights: $0[1], classes: [0, 1, 2])
      }
      try expectFinite([x, -x]) {
        try loss(embeddings: $0[0], weights: $0[1], classes: [0, 1, 2])
      }
    }
  }

  @Test func aSingleClassAndAnEmptyBatchAreNothing() throws {
    let one = Tensor(rows: [[0.5, 1]])
    expectClose(
      try ArcFaceLoss()(embeddings: one, weights: one * 3, classes: [0]).scalar, 0,
      tolerance: 1e-12)
    try expectNothing([Tensor.zeros([0, 2], dtype: .float64), one]) {
      try ArcFaceLoss()(embeddings: $0[0], weights: $0[1], classes: [])
    }
  }

  @Test func refusesAClassWithoutWeights() async {
    await #expect(processExitsWith: .failure) {
      _ = try ArcFaceLoss()(embeddings: .ones([1, 2]), weights: .ones([3, 2]), classes: [3])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(ArcFaceLoss(margin: 0.1, scale: 8, blockSize: 5))
  }
}
