import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ProxyAnchorLossTests {
  @Test func `agrees with pytorch-metric-learning`() throws {
    try expectGolden("ProxyAnchorLoss", count: 3) { given, inputs in
      try ProxyAnchorLoss(margin: given["margin"], sharpness: given["alpha"])(
        embeddings: #require(inputs["embeddings"]), proxies: #require(inputs["proxies"]),
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0.05, 1, 30], [1, 2, 9])
  func `matches the equation`(_ sharpness: Double, _ blockSize: Int) throws {
    var random = SplitMix64(1)
    let (x, p) = (random.rows(7, 3), random.rows(5, 3))
    let y = [0, 3, 3, 1, 0, 3, 1]
    var (pulled, pushed) = (0.0, 0.0)
    for c in p.indices {
      let similarities = x.indices.map { (y[$0] == c, Loops.cosine(x[$0], p[c])) }
      let own = similarities.filter(\.0).map { exp(-sharpness * ($0.1 - 0.2)) }.reduce(0, +)
      let others = similarities.filter { !$0.0 }.map { exp(sharpness * ($0.1 + 0.2)) }
      pulled += log(1 + own) / 3
      pushed += log(1 + others.reduce(0, +)) / 5
    }
    let loss = ProxyAnchorLoss(margin: 0.2, sharpness: sharpness, blockSize: blockSize)
    expectClose(
      try loss(embeddings: Tensor(rows: x), proxies: Tensor(rows: p), classes: y).scalar,
      pulled + pushed, tolerance: 1e-12)
  }

  @Test func `traps on a class without a proxy`() async {
    await #expect(processExitsWith: .failure) {
      _ = try ProxyAnchorLoss()(
        embeddings: .ones([1, 2]), proxies: .ones([3, 2]), classes: [3])
    }
  }
}
