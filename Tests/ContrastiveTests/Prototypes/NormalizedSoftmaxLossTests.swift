import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NormalizedSoftmaxLossTests {
  @Test func `agrees with pytorch-metric-learning`() throws {
    try expectGolden("NormalizedSoftmaxLoss", count: 3) { given, inputs in
      try NormalizedSoftmaxLoss(temperature: given["temperature"])(
        embeddings: #require(inputs["embeddings"]), weights: #require(inputs["weights"]),
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0.05, 0.7])
  func `matches the equation`(_ temperature: Double) throws {
    var random = SplitMix64(1)
    let (x, w) = (random.rows(6, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0]
    let terms = x.indices.map { i -> Double in
      let scores = w.map { Loops.cosine(x[i], $0) / temperature }
      return log(scores.map { exp($0) }.reduce(0, +)) - scores[y[i]]
    }
    let loss = NormalizedSoftmaxLoss(temperature: temperature, blockSize: 3)
    expectClose(
      try loss(embeddings: Tensor(rows: x), weights: Tensor(rows: w), classes: y).scalar,
      terms.reduce(0, +) / 6, tolerance: 1e-12)
  }

  @Test func `equal weights give the chance level`() throws {
    expectClose(
      try NormalizedSoftmaxLoss()(
        embeddings: Tensor(rows: [[1.0, 2], [0, 1]]), weights: .ones([5, 2], dtype: .float64),
        classes: [0, 4]
      ).scalar, log(5), tolerance: 1e-12)
  }

  @Test func `classifies classes never trained on`() {
    // Mean directions: class 0 along (1, 1), class 2 along (−1, 0); class 1 has no example.
    let examples = Tensor(rows: [[5.0, 0], [0, 0.1], [-3, 0]])
    let found = NormalizedSoftmaxLoss().nearest(
      of: Tensor(rows: [[1.0, 0.9], [-0.1, 0.05], [0.2, -0.1]]), examples: examples,
      classes: [0, 0, 2], classCount: 3)
    #expect(found.array(of: Int.self) == [0, 2, 0])
  }
}
