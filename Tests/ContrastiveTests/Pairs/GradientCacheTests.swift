import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct GradientCacheTests {
  private struct Case: Decodable {
    let first: [[Double]]
    let second: [[Double]]
    let inner: [[Double]]
    let outer: [[Double]]
    let temperature: Double
    let value: Double
    let ofInner: [[Double]]
    let ofOuter: [[Double]]
    let ofTemperature: Double
  }

  private static func loss(_ x: Tensor, _ y: Tensor, temperature: Tensor) -> Tensor {
    let scores = x.matmul(y.transposed()) / temperature
    let own = Tensor.range(0..<x.size(along: 0))
    return scores.crossEntropy(ofClasses: own) + scores.transposed().crossEntropy(ofClasses: own)
  }

  @Test(arguments: [1, 2, 3, 7, 100]) func `agrees with PyTorch over the whole batch`(size: Int)
    throws
  {
    for one in try Golden<Case>("GradientCache").cases {
      let inner = Tensor(rows: one.inner).requiringGradient()
      let outer = Tensor(rows: one.outer).requiringGradient()
      let temperature = Tensor(one.temperature, dtype: .float64).requiringGradient()
      func encode(_ x: Tensor) -> Tensor {
        x.matmul(inner.transposed()).tanh().matmul(outer.transposed()).normalized()
      }
      let sides = [one.first, one.second].map {
        GradientCache.Side(Tensor(rows: $0), encode: encode)
      }
      let value = try GradientCache(pieceSize: size)(sides) {
        Self.loss($0[0], $0[1], temperature: temperature)
      }
      #expect(!value.requiresGradient)
      expectClose(value.scalar, one.value, tolerance: 1e-12)
      expectClose(inner.gradient, Tensor(rows: one.ofInner), tolerance: 1e-12, "inner")
      expectClose(outer.gradient, Tensor(rows: one.ofOuter), tolerance: 1e-12, "outer")
      expectClose(
        try #require(temperature.gradient).scalar, one.ofTemperature, tolerance: 1e-12)
    }
  }

  @Test func `both passes share random draws`() throws {
    func made() -> (network: Sequential, dropout: Dropout) {
      let generator = Generator(seed: 5)
      let dropout = Dropout(0.5, generator: Generator(seed: 6))
      func linear(_ inputs: Int, _ outputs: Int) -> Linear {
        Linear(.init(inputs: inputs, outputs: outputs), generator: generator, dtype: .float64)
      }
      return (Sequential(linear(4, 16), Activation(.relu), dropout, linear(16, 3)), dropout)
    }
    let rows = Tensor.normal([10, 4], generator: Generator(seed: 7), dtype: .float64)
    let temperature = Tensor(0.5, dtype: .float64)

    // The same draws in the same order, with the record of all rows at once.
    let whole = made()
    let pieces = (0..<2).map { _ in
      Tensor.concatenated(
        stride(from: 0, to: 10, by: 3).map { whole.network(rows[$0..<min($0 + 3, 10)]) })
    }
    let expected = Self.loss(
      pieces[0].normalized(), pieces[1].normalized(), temperature: temperature)
    try expected.backward()

    let cached = made()
    let side = GradientCache.Side(rows) { cached.network($0) }
    let value = try GradientCache(pieceSize: 3)(
      [side, side], generators: [cached.dropout.generator]
    ) { Self.loss($0[0].normalized(), $0[1].normalized(), temperature: temperature) }
    expectClose(value.scalar, expected.scalar, tolerance: 1e-12)
    for (a, b) in zip(cached.network.parameters, whole.network.parameters) {
      #expect(try #require(b.tensor.gradient).magnitude().sum().scalar > 0)
      expectClose(a.tensor.gradient, b.tensor.gradient, tolerance: 1e-11, a.name)
    }
    #expect(
      cached.dropout.generator.state.isIdentical(to: whole.dropout.generator.state))
  }

  @Test func `running statistics move once`() throws {
    func made() -> BatchNorm { BatchNorm(.init(channels: 2), dtype: .float64) }
    let rows = Tensor.normal([6, 2], generator: Generator(seed: 1), dtype: .float64)
    let (plain, cached) = (made(), made())
    for start in [0, 3] { _ = plain(rows[start..<(start + 3)]) }
    let side = GradientCache.Side(rows) { cached($0) }
    _ = try GradientCache(pieceSize: 3)([side], buffers: cached.buffers.map(\.tensor)) {
      $0[0].squared().sum()
    }
    for (a, b) in zip(cached.buffers, plain.buffers) {
      expectClose(a.tensor, b.tensor, tolerance: 1e-14, a.name)
    }
  }

  @Test func `records one piece at a time`() throws {
    let weight = Tensor(rows: [[2.0, 3.0]]).requiringGradient()
    var calls: [String] = []
    let side = GradientCache.Side(count: 5) { rows in
      calls.append("\(rows) \(gradientsAreEnabled)")
      return Tensor.ones([rows.count, 2], dtype: .float64) * weight
    }
    let value = try GradientCache(pieceSize: 2)([side]) { $0[0].sum() }
    #expect(
      calls == [
        "0..<2 false", "2..<4 false", "4..<5 false", "0..<2 true", "2..<4 true", "4..<5 true",
      ])
    #expect(value.scalar == 25)
    #expect(weight.gradient?.doubles() == [5, 5])
  }

  @Test func `skips sides without gradient`() throws {
    let weight = Tensor([2.0]).requiringGradient()
    var passes = 0
    let learning = GradientCache.Side(Tensor(rows: [[1.0], [2.0]])) { $0 * weight }
    let frozen = GradientCache.Side(Tensor(rows: [[3.0], [4.0]])) { $0 * 2 }
    let unused = GradientCache.Side(count: 1) { _ in
      passes += 1
      return .ones([1, 1], dtype: .float64)
    }
    let value = try GradientCache(pieceSize: 1)([learning, frozen, unused]) {
      ($0[0] * $0[1]).sum()
    }
    #expect(value.scalar == 44 && weight.gradient?.doubles() == [22] && passes == 1)
  }

  @Test func `rethrows errors`() {
    struct Fault: Error {}
    #expect(throws: Fault.self) {
      try GradientCache(pieceSize: 1)([.init(count: 1) { _ in throw Fault() }]) { $0[0].sum() }
    }
  }

  @Test func `traps on piece size 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = try GradientCache(pieceSize: 0)([]) { _ in Tensor(0) }
    }
  }
}
