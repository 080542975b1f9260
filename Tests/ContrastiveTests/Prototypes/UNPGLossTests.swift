import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct UNPGLossTests {
  @Test func `agrees with the formula in PyTorch`() throws {
    try expectGolden("UNPGLoss", count: 4) { given, inputs in
      let margin: UNPGLoss.Margin =
        given.kind == "arc" ? .angle(given["margin"]) : .cosine(given["margin"])
      return try UNPGLoss(margin: margin, scale: given["scale"], whisker: given["whisker"])(
        embeddings: #require(inputs["embeddings"]), weights: #require(inputs["weights"]),
        classes: #require(given.classes))
    }
  }

  /// The loss by its equation, and how many pairs pass the filter.
  private func loop(_ x: [[Double]], _ w: [[Double]], _ y: [Int], whisker: Double) -> (Double, Int)
  {
    var pairs: [Double] = []
    for i in x.indices {
      for j in i..<x.count where y[i] != y[j] { pairs.append(Loops.cosine(x[i], x[j])) }
    }
    let sorted = pairs.sorted()
    let (lower, upper) = (sorted[pairs.count / 4], sorted[3 * pairs.count / 4])
    let reach = whisker * (upper - lower)
    let kept = pairs.filter { $0 >= lower - reach && $0 <= upper + reach }
    let shared = kept.map { exp(8 * $0) }.reduce(0, +)
    let terms = x.indices.map { i -> Double in
      let own = exp(8 * cos(acos(Loops.cosine(x[i], w[y[i]])) + 0.5))
      let others = w.indices.filter { $0 != y[i] }.map { exp(8 * Loops.cosine(x[i], w[$0])) }
      return -log(own / (own + others.reduce(0, +) + shared))
    }
    return (terms.reduce(0, +) / Double(x.count), kept.count)
  }

  @Test func `matches the equation and its filter`() throws {
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

  @Test func `equals ArcFace without pairs`() throws {
    var random = SplitMix64(3)
    let (x, w) = (Tensor(rows: random.rows(3, 3)), Tensor(rows: random.rows(3, 3)))
    expectClose(
      try UNPGLoss(margin: .angle(0.1), scale: 4)(embeddings: x, weights: w, classes: [1, 1, 1])
        .scalar,
      try ArcFaceLoss(margin: 0.1, scale: 4)(embeddings: x, weights: w, classes: [1, 1, 1]).scalar,
      tolerance: 1e-12)
  }
}
