import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct MultiSimilarityLossTests {
  @Test func agreesWithPytorchMetricLearning() throws {
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
      var near = x.indices.filter { $0 != i && y[$0] == y[i] }.map { Plain.cosine(x[i], x[$0]) }
      var far = x.indices.filter { y[$0] != y[i] }.map { Plain.cosine(x[i], x[$0]) }
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
  func agreesWithTheEquation(_ epsilon: Double?, _ count: Int) throws {
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

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    let x = random.rows(6, 3)
    for blockSize in [nil, 4] {
      let loss = MultiSimilarityLoss(blockSize: blockSize)
      try expectDifferences([x]) { try loss(embeddings: $0[0], classes: [0, 1, 0, 2, 1, 0]) }
    }
  }

  @Test func lengthAndOrderChangeNothing() throws {
    var random = SplitMix64(3)
    let x = random.rows(6, 3)
    let y = [0, 1, 0, 2, 1, 0]
    let loss = MultiSimilarityLoss()
    let value = try loss(embeddings: Tensor(rows: x), classes: y).scalar
    let order = [3, 1, 0, 2, 5, 4]
    expectClose(
      try loss(
        embeddings: Tensor(rows: order.map { row in x[row].map { $0 * Double(row + 1) } }),
        classes: order.map { y[$0] }
      ).scalar, value, tolerance: 1e-12)
  }

  @Test func equalEmbeddingsHaveTheirClosedForm() throws {
    let loss = MultiSimilarityLoss()
    // Each of 4 has one positive and two negatives at cosine 1.
    let expected = log(1 + exp(-1.0)) / 2 + log(1 + 2 * exp(25.0)) / 50
    expectClose(
      try loss(embeddings: .ones([4, 2], dtype: .float64), classes: [0, 0, 1, 1]).scalar,
      expected, tolerance: 1e-12)
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(4)
    let x = Tensor(rows: random.rows(6, 3)) * 1e4
    for sharpness in [1e-3, 1e4] {
      let loss = MultiSimilarityLoss(positiveSharpness: sharpness, negativeSharpness: sharpness)
      try expectFinite([x]) { try loss(embeddings: $0[0], classes: [0, 0, 1, 1, 2, 2]) }
    }
    try expectFinite([Tensor.zeros([3, 2], dtype: .float64)]) {
      try MultiSimilarityLoss()(embeddings: $0[0], classes: [0, 0, 1])
    }
  }

  @Test func anchorsWithoutPairsAddNothing() throws {
    var random = SplitMix64(5)
    let x = Tensor(rows: random.rows(3, 2))
    try expectNothing([x]) { try MultiSimilarityLoss()(embeddings: $0[0], classes: [1, 1, 1]) }
    try expectNothing([x]) { try MultiSimilarityLoss()(embeddings: $0[0], classes: [1, 2, 3]) }
    try expectNothing([x[0..<1]]) {
      try MultiSimilarityLoss(miningMargin: nil)(embeddings: $0[0], classes: [1])
    }
  }

  @Test func refusesASharpnessOfZero() async {
    await #expect(processExitsWith: .failure) {
      _ = try MultiSimilarityLoss(negativeSharpness: 0)(
        embeddings: .ones([2, 2]), classes: [0, 1])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(MultiSimilarityLoss(base: 0.4, miningMargin: nil))
  }
}
