import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct ProxyAnchorLossTests {
  @Test func agreesWithPytorchMetricLearning() throws {
    try expectGolden("ProxyAnchorLoss", count: 3) { given, inputs in
      try ProxyAnchorLoss(margin: given["margin"], sharpness: given["alpha"])(
        embeddings: #require(inputs["embeddings"]), proxies: #require(inputs["proxies"]),
        classes: #require(given.classes))
    }
  }

  @Test(arguments: [0.05, 1, 30], [1, 2, 9])
  func agreesWithTheEquation(_ sharpness: Double, _ blockSize: Int) throws {
    var random = SplitMix64(1)
    let (x, p) = (random.rows(7, 3), random.rows(5, 3))
    let y = [0, 3, 3, 1, 0, 3, 1]
    var (pulled, pushed) = (0.0, 0.0)
    for c in p.indices {
      let similarities = x.indices.map { (y[$0] == c, Plain.cosine(x[$0], p[c])) }
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

  @Test func gradientsAreDifferences() throws {
    var random = SplitMix64(2)
    let loss = ProxyAnchorLoss(sharpness: 5, blockSize: 2)
    try expectDifferences([random.rows(4, 2), random.rows(3, 2)]) {
      try loss(embeddings: $0[0], proxies: $0[1], classes: [0, 2, 2, 0])
    }
  }

  @Test func theLengthOfVectorsChangesNothing() throws {
    var random = SplitMix64(3)
    let (x, p) = (Tensor(rows: random.rows(4, 3)), Tensor(rows: random.rows(3, 3)))
    let loss = ProxyAnchorLoss()
    expectClose(
      try loss(embeddings: x * 7, proxies: p * 0.01, classes: [0, 1, 1, 2]).scalar,
      try loss(embeddings: x, proxies: p, classes: [0, 1, 1, 2]).scalar, tolerance: 1e-12)
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(4)
    let (x, p) = (Tensor(rows: random.rows(4, 3)), Tensor(rows: random.rows(3, 3)))
    for sharpness in [1e-3, 1e4] {
      try expectFinite([x * 1e4, p * 1e-4]) {
        try ProxyAnchorLoss(sharpness: sharpness)(
          embeddings: $0[0], proxies: $0[1], classes: [0, 1, 1, 2])
      }
    }
    try expectNothing([Tensor.zeros([0, 3], dtype: .float64), p]) {
      try ProxyAnchorLoss()(embeddings: $0[0], proxies: $0[1], classes: [])
    }
  }

  @Test func refusesAClassWithoutAProxy() async {
    await #expect(processExitsWith: .failure) {
      _ = try ProxyAnchorLoss()(
        embeddings: .ones([1, 2]), proxies: .ones([3, 2]), classes: [3])
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(ProxyAnchorLoss(margin: 0.2, sharpness: 16, blockSize: 3))
  }
}
