import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct UNPGLossTests {
  @Test func agreesWithTheFormulaInPyTorch() throws {
    try expectGolden("UNPGLoss", count: 4) { given, inputs in
      let margin: UNPGLoss.Margin =
        given.kind == "arc" ? .angle(given["margin"]) : .cosine(given["margin"])
      return try UNPGLoss(margin: margin, scale: given["scale"], whisker: given["whisker"])(
        embeddings: #require(inputs["embeddings"]), weights: #require(inputs["weights"]),
        classes: #require(given.classes))
    }
  }

  /// The loss as its equation has it, and how many pairs the filter lets through.
  private func loop(_ x: [[Double]], _ w: [[Double]], _ y: [Int], whisker: Double) -> (Double, Int)
  {
    var pairs: [Double] = []
    for i in x.indices {
      for j in i..<x.count where y[i] != y[j] { pairs.append(Plain.cosine(x[i], x[j])) }
    }
    let sorted = pairs.sorted()
    let (lower, upper) = (sorted[pairs.count / 4], sorted[3 * pairs.count / 4])
    let reach = whisker * (upper - lower)
    let kept = pairs.filter { $0 >= lower - reach && $0 <= upper + reach }
    let shared = kept.map { exp(8 * $0) }.reduce(0, +)
    let terms = x.indices.map { i -> Double in
      let own = exp(8 * cos(acos(Plain.cosine(x[i], w[y[i]])) + 0.5))
      let others = w.indices.filter { $0 != y[i] }.map { exp(8 * Plain.cosine(x[i], w[$0])) }
      return -log(own / (own + others.reduce(0, +) + shared))
    }
    return (terms.reduce(0, +) / Double(x.count), kept.count)
  }

  @Test func agreesWithTheEquationAndFilters() throws {
    var random = SplitMix64(1)
    let (x, w) = (random.rows(9, 3), random.rows(4, 3))
    let y = [0, 3, 3, 1, 2, 0, 1, 1, 2]
    var counts: Set<Int> = []
    for whisker in [0, 0.2, 1.5] {
      let (value, kept) = loop(x, w, y, whisker: whisker)
      counts.insert(kept)
      let loss = UNPGLoss(scale: 8, whisker: whisker, blockSize: 2)
      expectClose(
        try loss(embeddings: Tensor(rows: x), weights: Tensor(rows: w), classes: y).scalar, value,
        tolerance: 1e-11)
    }
    #expect(counts.count == 3)
  }

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    for margin in [UNPGLoss.Margin.angle(0.3), .cosine(0.4)] {
      try expectDifferences([random.rows(5, 3), random.rows(3, 3)]) {
        try UNPGLoss(margin: margin, scale: 4, whisker: 0.5)(
          embeddings: $0[0], weights: $0[1], classes: [0, 2, 2, 0, 1])
      }
    }
  }

  @Test func withoutPairsItIsArcFace() throws {
    var random = SplitMix64(3)
    let (x, w) = (Tensor(rows: random.rows(3, 3)), Tensor(rows: random.rows(3, 3)))
    expectClose(
      try UNPGLoss(margin: .angle(0.1), scale: 4)(embeddings: x, weights: w, classes: [1, 1, 1])
        .scalar,
      try ArcFaceLoss(margin: 0.1, scale: 4)(embeddings: x, weights: w, classes: [1, 1, 1]).scalar,
      tolerance: 1e-12)
  }

  @Test func staysFinite() throws {
    let x = Tensor(rows: [[1e4, 0], [0, -1e-4], [1, 1]])
    for scale in [1e-3, 64, 1e4] {
      try expectFinite([x, x]) {
        try UNPGLoss(scale: scale)(embeddings: $0[0], weights: $0[1], classes: [0, 1, 2])
      }
    }
    try expectNothing([Tensor.zeros([0, 2], dtype: .float64), x]) {
      try UNPGLoss()(embeddings: $0[0], weights: $0[1], classes: [])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(UNPGLoss(margin: .cosine(0.2), scale: 8, whisker: 1))
  }
}
