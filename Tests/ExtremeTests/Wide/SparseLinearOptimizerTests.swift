import Extreme
import TestSupport
import Testing
import Torch

@Suite struct SparseLinearOptimizerTests {
  @Test(arguments: [DType.float64, .float32], [1, 2, 5])
  func `gradient descent agrees with PyTorch`(dtype: DType, width: Int) throws {
    let cases = try goldenCases("SparseLinearSGD", as: WideSteps.self)
    #expect(cases.count == 2)
    for found in cases {
      let model = found.model(dtype)
      let optimizer = SparseLinearSGD(learningRate: 1)
      for (number, step) in found.steps.enumerated() {
        optimizer.learningRate = step.learningRate
        let scores = found.scores(step, model, width: width)
        optimizer.step(scores)
        expectClose(
          model.weights.doubles(), step.weights, tolerance: dtype == .float64 ? 1e-13 : 2e-6,
          "step \(number)")
        #expect(scores.denseGradient() == nil)
        // Without a gradient a step does nothing.
        let moved = model.weights.copied()
        optimizer.step(scores)
        #expect(model.weights.isIdentical(to: moved))
      }
    }
  }

  @Test func `the configuration selects the optimizer`() {
    let model = WideCase.random(seed: 41).model(.float32)
    let adagrad = model.optimizer(.init(learningRate: 0.25))
    #expect(adagrad is SparseLinearAdagrad && adagrad.learningRate == 0.25)
    #expect(adagrad.state["sum"]?.shape == model.weights.shape)
    let descent = model.optimizer(.init(method: .sgd))
    #expect(descent is SparseLinearSGD && descent.learningRate == 100)
    #expect(descent.state.isEmpty)
  }
}
