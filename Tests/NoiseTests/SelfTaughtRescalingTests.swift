import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SelfTaughtRescalingTests {
  private struct Case: Decodable {
    let step: Double
    let batch: [[Double]]
    let validation: [[Double]]
    let classes: [Int]
    let validationClasses: [Int]
    let model: [[[Double]]]
    let bias: [Double]
    let hidden: [[Double]]
    let hiddenBias: [Double]
    let output: [[Double]]
    let outputBias: [Double]
    let scales: [Double]
    let loss: Double
    let metaLoss: Double
    let gradients: [[Double]]
  }

  @Test func `weights, losses and the gradient through the step agree with PyTorch`() throws {
    let golden = try Golden<Case>("SelfTaughtRescaling")
    #expect(golden.cases.count == 3)
    for example in golden.cases {
      let method = SelfTaughtRescaling(
        hidden: Linear(weight: Tensor(rows: example.hidden), bias: Tensor(example.hiddenBias)),
        output: Linear(weight: Tensor(rows: example.output), bias: Tensor(example.outputBias)))
      let model = [
        Tensor(rows: example.model[0]).requiringGradient(),
        Tensor(example.bias).requiringGradient(),
      ]
      func scores(_ rows: [[Double]]) -> ([Tensor]) -> Tensor {
        { Tensor(rows: rows).matmul($0[0]) + $0[1] }
      }
      let own = scores(example.batch)(model)
      expectClose(
        try method.scales(scores: own, classes: example.classes).doubles(), example.scales,
        tolerance: 1e-12)
      expectClose(
        try method.loss(scores: own, classes: example.classes).scalar, example.loss,
        tolerance: 1e-12)
      let value = try method.metaLoss(
        of: model, step: example.step, scores: scores(example.batch), classes: example.classes,
        validation: scores(example.validation), validationClasses: example.validationClasses)
      expectClose(value.scalar, example.metaLoss, tolerance: 1e-12)
      let found = try gradients(of: value, withRespectTo: method.parameters.map(\.tensor))
      for (slope, expected) in zip(found, example.gradients) {
        expectClose(slope?.doubles() ?? [], expected, tolerance: 1e-10)
      }
    }
  }

  @Test func `the model's step leaves the rescaler alone`() throws {
    let method = SelfTaughtRescaling(width: 4, generator: Generator(seed: 1))
    let scores = Tensor.normal([5, 3], generator: Generator(seed: 2)).requiringGradient()
    let loss = try method.loss(scores: scores, classes: [0, 1, 2, 0, 1])
    let inputs = [scores] + method.parameters.map(\.tensor)
    let slopes = try gradients(of: loss, withRespectTo: inputs)
    #expect(slopes[0] != nil)
    #expect(slopes.dropFirst().allSatisfy { $0 == nil })
  }

  @Test func `finite for certain and for wrong scores`() throws {
    let method = SelfTaughtRescaling(width: 4, generator: Generator(seed: 1))
    let scores = Tensor(rows: [[1000.0, -1000], [-1000, 1000], [0, 0]]).converted(to: .float32)
    let found = try method.loss(scores: scores.requiringGradient(), classes: [0, 0, 1])
    #expect(found.scalar.isFinite)
  }

  @Test func `examples are drawn in proportion to their scales, each once`() {
    var random = SplitMix64(3)
    var counts = [0, 0, 0, 0]
    for _ in 0..<6000 {
      counts[SelfTaughtRescaling.drawn(1, scales: [1, 2, 3, 0], using: &random)[0]] += 1
    }
    for (count, share) in zip(counts, [1.0, 2, 3, 0]) {
      #expect(abs(Double(count) / 6000 - share / 6) < 0.025)
    }
    let all = SelfTaughtRescaling.drawn(4, scales: [1, 2, 3, 0], using: &random)
    #expect(all.sorted() == [0, 1, 2, 3])
    #expect(all.last == 3)
  }
}
