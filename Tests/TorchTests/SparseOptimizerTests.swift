import Storage
import TestSupport
import Testing
import Torch

@Suite struct SparseOptimizerTests {
  /// Three batches that touch some rows of a table `[6, 4]`, row 5 never.
  private let batches = [[[0, 2], [2]], [[3]], [[0, 4, 4], [1, 2]]]

  private func trained(
    _ dtype: DType, _ form: EmbeddingBag.GradientForm, _ make: (Tensor) -> any Optimizer
  ) throws -> (weight: Tensor, optimizer: any Optimizer) {
    let start = Tensor.normal([6, 4], generator: Generator(seed: 7), dtype: .float64)
    let layer = EmbeddingBag(weight: start.converted(to: dtype).copied(), gradient: form)
    let optimizer = make(layer.weight)
    for batch in batches {
      optimizer.clearGradients()
      let output = try layer(CSRMatrix(rows: batch, columnCount: 6))
      try (output.squared().sum() * 0.5).backward()
      try optimizer.step()
    }
    return (layer.weight.detached(), optimizer)
  }

  @Test(arguments: [true, false])
  func `Adagrad matches its equation`(rowwise: Bool) throws {
    let (rate, epsilon, decay) = (0.3, 1e-3, 0.1)
    let result = try trained(.float64, .sparse) {
      SparseAdagrad(
        [$0],
        .init(learningRate: rate, epsilon: epsilon, weightDecay: decay, isRowwise: rowwise))
    }
    var weight = Tensor.normal([6, 4], generator: Generator(seed: 7), dtype: .float64).doubles()
    var sums = [Double](repeating: 0, count: 24)
    for batch in batches {
      var gradient = [Int: [Double]]()
      for bag in batch {
        let output = (0..<4).map { d in bag.reduce(0) { $0 + weight[$1 * 4 + d] } }
        for row in bag {
          for d in 0..<4 { gradient[row, default: [0, 0, 0, 0]][d] += output[d] }
        }
      }
      for (row, g) in gradient {
        let mean = g.reduce(0) { $0 + $1 * $1 } / 4
        for d in 0..<4 {
          sums[row * 4 + d] += rowwise ? mean : g[d] * g[d]
          weight[row * 4 + d] *= 1 - rate * decay
          weight[row * 4 + d] -= rate * g[d] / (sums[row * 4 + d].squareRoot() + epsilon)
        }
      }
    }
    expectClose(result.weight.doubles(), weight, tolerance: 1e-12)
    let state = try #require(result.optimizer.state["sum.0"])
    expectClose(
      state.doubles(),
      rowwise ? (0..<6).map { sums[$0 * 4] } : sums, tolerance: 1e-12)
  }

  @Test(arguments: [true, false], [EmbeddingBag.GradientForm.sparse, .dense])
  func `kernels agree with operators`(
    rowwise: Bool, form: EmbeddingBag.GradientForm
  ) throws {
    let makers: [(Tensor) -> any Optimizer] = [
      {
        SparseAdagrad(
          [$0], .init(learningRate: 0.1, epsilon: 1e-3, weightDecay: 0.1, isRowwise: rowwise))
      },
      {
        SparseAdam(
          [$0], .init(learningRate: 0.1, epsilon: 1e-3, weightDecay: 0.1, isRowwise: rowwise))
      },
    ]
    for make in makers {
      let fused = try trained(.float32, form, make)
      let composed = try trained(.float64, form, make)
      expectClose(fused.weight.doubles(), composed.weight.doubles(), tolerance: 3e-6)
      for (name, tensor) in composed.optimizer.state {
        expectClose(
          fused.optimizer.state[name]?.doubles() ?? [], tensor.doubles(), tolerance: 3e-6, name)
      }
    }
  }

  @Test func `untouched rows stay unchanged`() throws {
    let start = Tensor.normal([6, 4], generator: Generator(seed: 7), dtype: .float64)
    for rowwise in [true, false] {
      let result = try trained(.float32, .sparse) {
        SparseAdam([$0], .init(learningRate: 0.1, weightDecay: 0.1, isRowwise: rowwise))
      }
      #expect(result.weight[5].isIdentical(to: start[5].converted(to: .float32)))
      #expect(result.optimizer.state["first.0"]?[5].doubles() == [0, 0, 0, 0])
    }
  }

  @Test func `a restored optimizer continues bit for bit`() throws {
    let makers: [(Tensor) -> any Optimizer] = [{ SparseAdagrad([$0]) }, { SparseAdam([$0]) }]
    for make in makers {
      let layer = EmbeddingBag(
        .init(rows: 6, width: 4, gradient: .sparse), generator: Generator(seed: 1))
      func advance(_ layer: EmbeddingBag, _ optimizer: any Optimizer) throws {
        optimizer.clearGradients()
        try layer(CSRMatrix(rows: [[1, 4]], columnCount: 6)).squared().sum().backward()
        try optimizer.step()
      }
      let first = make(layer.weight)
      for _ in 0..<3 { try advance(layer, first) }
      let copy = EmbeddingBag(weight: layer.weight.copied(), gradient: .sparse)
      let second = make(copy.weight)
      try second.restore(first.state)
      for _ in 0..<3 {
        try advance(layer, first)
        try advance(copy, second)
      }
      #expect(copy.weight.detached().isIdentical(to: layer.weight.detached()))
    }
  }

  @Test func `rejects a foreign state without changes`() throws {
    let optimizer = SparseAdam([Tensor.ones([6, 4]).requiringGradient()])
    let before = optimizer.state.mapValues { $0.copied() }
    var missing = optimizer.state
    missing["first.0"] = nil
    var surplus = optimizer.state
    surplus["third.0"] = Tensor([1.0])
    var misshapen = optimizer.state.mapValues { $0 + 1 }
    misshapen["second.0"] = Tensor.zeros([6])
    for (state, name) in [(missing, "first.0"), (surplus, "third.0"), (misshapen, "second.0")] {
      let error = #expect(throws: ValueError.self) { try optimizer.restore(state) }
      #expect(error?.reason.contains(name) == true)
    }
    for (name, tensor) in before {
      #expect(optimizer.state[name]?.isIdentical(to: tensor) == true)
    }
  }
}
