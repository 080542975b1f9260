import Extreme
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SparseLinearAdagradTests {
  @Test(arguments: [DType.float64, .float32], [1, 2, 5])
  func `agrees with PyTorch`(dtype: DType, width: Int) throws {
    let cases = try goldenCases("SparseLinearAdagrad", as: WideSteps.self)
    #expect(cases.count == 2)
    let tolerance = dtype == .float64 ? 1e-13 : 2e-6
    for found in cases {
      let model = found.model(dtype)
      let optimizer = SparseLinearAdagrad(model, learningRate: 1)
      for (number, step) in found.steps.enumerated() {
        optimizer.learningRate = step.learningRate
        optimizer.step(found.scores(step, model, width: width))
        let label = "step \(number)"
        expectClose(model.weights.doubles(), step.weights, tolerance: tolerance, label)
        expectClose(
          try #require(optimizer.state["sum"]).doubles(), try #require(step.state["sum"]),
          tolerance: tolerance, label)
      }
    }
  }

  @Test func `weights without gradient stay bit for bit`() {
    let example = WideCase.random(seed: 31)
    for dtype in [DType.float32, .float64] {
      let model = example.model(dtype)
      let before = model.weights.doubles()
      let scores = model(example.matrix)
      scores.accumulate(
        gradient: Tensor.ones([6, 1], dtype: dtype), labels: 4..<5, scale: 1)
      SparseLinearAdagrad(model, learningRate: 0.5).step(scores)
      let slopes = example.chained((0..<6).map { _ in (0..<7).map { $0 == 4 ? 1 : 0 } })
      for (index, weight) in model.weights.doubles().enumerated() {
        #expect((weight == before[index]) == (slopes[index] == 0), "pair \(index)")
        // The first step has the length of the rate, whatever the gradient.
        let step = slopes[index] == 0 ? 0 : slopes[index] > 0 ? -0.5 : 0.5
        expectClose(weight, before[index] + step, tolerance: 1e-6, "pair \(index)")
      }
    }
  }

  @Test func `a restored state continues bit for bit`() throws {
    let found = try #require(goldenCases("SparseLinearAdagrad", as: WideSteps.self).first)
    for dtype in [DType.float32, .float64] {
      let model = found.model(dtype)
      let optimizer = SparseLinearAdagrad(model, learningRate: 0.3)
      for step in found.steps.prefix(3) { optimizer.step(found.scores(step, model, width: 5)) }
      let other = SparseLinear(pattern: model.pattern, weights: model.weights.copied())
      let resumed = SparseLinearAdagrad(other, learningRate: 0.3)
      try resumed.restore(optimizer.state)
      for step in found.steps.dropFirst(3) {
        optimizer.step(found.scores(step, model, width: 5))
        resumed.step(found.scores(step, other, width: 5))
      }
      #expect(model.weights.isIdentical(to: other.weights))
    }
  }

  @Test func `rejects the state of another model`() throws {
    let found = try #require(goldenCases("SparseLinearAdagrad", as: WideSteps.self).first)
    let optimizer = SparseLinearAdagrad(found.model(.float32), learningRate: 0.3)
    let count = found.pairs.count
    for state in [
      [:], ["sum": .zeros([count + 1])], ["sum": .zeros([count], dtype: .float64)],
    ] as [[String: Tensor]] {
      let error = #expect(throws: ValueError.self) { try optimizer.restore(state) }
      #expect(error?.description.contains("sum") == true)
    }
  }
}
