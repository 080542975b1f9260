import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MultiSimilarityLossTests {
  @Test func `agrees with pytorch-metric-learning`() throws {
    try expectGolden("MultiSimilarityLoss", count: 5) { given, inputs in
      try MultiSimilarityLoss(
        positiveSharpness: given["alpha"], negativeSharpness: given["beta"], base: given["base"],
        miningMargin: given.options["epsilon"])(
          embeddings: #require(inputs["embeddings"]), classes: #require(given.classes))
    }
  }

  /// The loss as its equations have it.
  private func loop(_ x: [[Double]], _ y: [Int], _ loss: MultiSimilarityLoss) -> Double {
    let (alpha, beta) = (loss.positiveSharpness, loss.negativeSharpness)
    let terms = x.indices.map { i -> Double in
      var near = x.indices.filter { $0 != i && y[$0] == y[i] }.map { Loops.cosine(x[i], x[$0]) }
      var far = x.indices.filter { y[$0] != y[i] }.map { Loops.cosine(x[i], x[$0]) }
      if let epsilon = loss.miningMargin {
        let (closest, farthest) = (far.max() ?? -.infinity, near.min() ?? .infinity)
        near = near.filter { $0 < closest + epsilon }
        far = far.filter { $0 > farthest - epsilon }
      }
      return log(1 + near.map { exp(-alpha * ($0 - loss.base)) }.reduce(0, +)) / alpha
        + log(1 + far.map { exp(beta * ($0 - loss.base)) }.reduce(0, +)) / beta
    }
    return terms.reduce(0, +) / Double(x.count)
  }

  @Test(arguments: [nil, 0, 0.1, 0.5], [3, 9])
  func `matches the equation`(_ epsilon: Double?, _ count: Int) throws {
    var random = SplitMix64(1)
    for blockSize in [nil, 2] {
      let x = random.rows(count, 3)
      let y = (0..<count).map { _ in random.below(3) }
      let loss = MultiSimilarityLoss(
        positiveSharpness: 1.5, negativeSharpness: 7, base: 0.3, miningMargin: epsilon,
        blockSize: blockSize)
      expectClose(
        try loss(embeddings: Tensor(rows: x), classes: y).scalar, loop(x, y, loss),
        tolerance: 1e-12)
    }
  }

  @Test func `equal embeddings match the closed form`() throws {
    let loss = MultiSimilarityLoss()
    // Each of 4 has one positive and two negatives at cosine 1.
    let expected = log(1 + exp(-1.0)) / 2 + log(1 + 2 * exp(25.0)) / 50
    expectClose(
      try loss(embeddings: .ones([4, 2], dtype: .float64), classes: [0, 0, 1, 1]).scalar,
      expected, tolerance: 1e-12)
  }

  @Test func `traps on sharpness 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = try MultiSimilarityLoss(negativeSharpness: 0)(
        embeddings: .ones([2, 2]), classes: [0, 1])
    }
  }
}
