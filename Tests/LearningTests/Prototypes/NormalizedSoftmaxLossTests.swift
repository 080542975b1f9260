import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct NormalizedSoftmaxLossTests {
  @Test func agreesWithPytorchMetricLearning() throws {
    try expectGolden("NormalizedSoftmaxLoss", count: 3) { given, inputs in
      try NormalizedSoftmaxLoss(temperature: given["temperature"])(
        embeddings: #require(inputs["embeddings"]), weights: #require(inputs["weights"]),
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0.05, 0.7])
  func agreesWithTheEquation(_ temperature: Double) throws {
    var random = SplitMix64(1)
    let (x, w) = (random.rows(6, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0]
    let terms = x.indices.map { i -> Double in
      let scores = w.map { Plain.cosine(x[i], $0) / temperature }
      return log(scores.map { exp($0) }.reduce(0, +)) - scores[y[i]]
    }
    let loss = NormalizedSoftmaxLoss(temperature: temperature, blockSize: 3)
    expectClose(
      try loss(embeddings: Tensor(rows: x), weights: Tensor(rows: w), classes: y).scalar,
      terms.reduce(0, +) / 6, tolerance: 1e-12)
  }

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    let loss = NormalizedSoftmaxLoss(temperature: 0.3)
    try expectDifferences([random.rows(4, 3), random.rows(3, 3)]) {
      try loss(embeddings: $0[0], weights: $0[1], classes: [0, 2, 2, 0])
    }
  }

  @Test func equalWeightsGiveTheChanceLevel() throws {
    expectClose(
      try NormalizedSoftmaxLoss()(
        embeddings: Tensor(rows: [[1.0, 2], [0, 1]]), weights: .ones([5, 2], dtype: .float64),
        classes: [0, 4]
      ).scalar, log(5), tolerance: 1e-12)
  }

  @Test func staysFinite() throws {
    let x = Tensor(rows: [[1e4, 0], [0, -1e-4], [0, 0]])
    try expectFinite([x, x]) {
      try NormalizedSoftmaxLoss(temperature: 1e-3)(
        embeddings: $0[0], weights: $0[1], classes: [0, 1, 2])
    }
    try expectNothing([Tensor.zeros([0, 2], dtype: .float64), x]) {
      try NormalizedSoftmaxLoss()(embeddings: $0[0], weights: $0[1], classes: [])
    }
  }

  @Test func classesThatWereNeverTrainedAreToldApart() {
    // Mean directions: class 0 along (1, 1), class 2 along (−1, 0); class 1 has no example.
    let examples = Tensor(rows: [[5.0, 0], [0, 0.1], [-3, 0]])
    let found = NormalizedSoftmaxLoss().nearest(
      of: Tensor(rows: [[1.0, 0.9], [-0.1, 0.05], [0.2, -0.1]]), examples: examples,
      classes: [0, 0, 2], classCount: 3)
    #expect(found.array(of: Int.self) == [0, 2, 0])
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(NormalizedSoftmaxLoss(temperature: 0.2, blockSize: 8))
  }
}
