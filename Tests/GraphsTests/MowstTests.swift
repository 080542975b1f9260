import Foundation
import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MowstTests {
  private typealias Mixture = Mowst<GraphNetwork<GraphConvolution>>

  private struct Options: Decodable {
    let classes: [Int64]
    let mixesScores: Bool
    let learning: Mixture.Learner
  }

  private static func mixture(gate: NodePerceptron, mixesScores: Bool = false) -> Mixture {
    let random = Generator(seed: 1)
    return Mowst(
      weak: NodePerceptron(widths: [3, 4], dropout: 0.5, generator: random),
      strong: GraphNetwork(convolutionsFrom: 3, to: 4, generator: random), gate: gate,
      mixesScores: mixesScores)
  }

  @Test func `both losses agree with the equations in PyTorch`() throws {
    try agreeWithTheGolden("Mowst", Options.self, cases: 12) { options, inputs in
      let gate = NodePerceptron(
        layers: [(inputs[2], inputs[3][0]), (inputs[4], inputs[5][0])], dropout: 0,
        generator: Generator(seed: 0))
      let mixture = Self.mixture(gate: gate, mixesScores: options.mixesScores)
      let loss = try mixture.loss(
        weak: inputs[0], strong: inputs[1], classes: Tensor(options.classes),
        learning: options.learning)
      return (loss, [inputs[0], inputs[1]] + gate.parameters.map(\.tensor))
    }
  }

  @Test func `dispersion is 0 for equal probabilities and 1 for a certain class`() {
    let scores = Tensor(rows: [[2.0, 2, 2], [0, 800, 0], [log(2.0), log(1.0), log(1.0)]])
    let found = Mixture.dispersion(of: scores).doubles()
    // The last row: p = (½, ¼, ¼), variance 1 / 72 of 2 / 9 and entropy 1.5 log 2 of log 3.
    let sure = 1 - 1.5 * log(2.0) / log(3.0)
    expectClose(found, [0, 0, 1, 1, 1.0 / 16, sure], tolerance: 1e-12)
  }

  @Test func `the mixture's probabilities lie between the experts'`() throws {
    let gate = NodePerceptron(
      layers: [(Tensor.zeros([2, 1]), Tensor([-log(3)] as [Float]))], dropout: 0,
      generator: Generator(seed: 0))
    let mixture = Self.mixture(gate: gate)
    let graph = try Graph(nodeCount: 3, edges: [(source: 0, target: 1), (source: 1, target: 2)])
    let features = NodeFeatures.dense(Tensor.normal([3, 3], generator: Generator(seed: 4)))
    let propagation = Mixture.propagation(of: graph)
    let training = try mixture(features, over: propagation)
    #expect(try mixture(features, over: propagation).doubles() != training.doubles())
    mixture.isTraining = false
    let mixed = try mixture(features, over: propagation).exp()
    // The gate's bias makes g = ¼.
    let expected =
      try mixture.weak(features).softmax(along: 1) * 0.25
      + mixture.strong(features, over: propagation).softmax(along: 1) * 0.75
    expectClose(mixed.doubles(), expected.doubles(), tolerance: 1e-6)
    #expect(
      mixture.parameters.map(\.name) == [
        "weak.0.weight", "weak.0.bias", "strong.0.weight", "strong.0.bias", "strong.1.weight",
        "strong.1.bias", "gate.0.weight", "gate.0.bias",
      ])
    let loss = try mixture.loss(
      features, over: propagation, nodes: Tensor([2, 0] as [Int64]),
      classes: Tensor([1, 3] as [Int64]))
    let both = try [mixture.weak(features), mixture.strong(features, over: propagation)].map {
      $0.gathered(rows: Tensor([2, 0] as [Int64]))
        .crossEntropy(ofClasses: Tensor([1, 3] as [Int64])).scalar
    }
    expectClose(loss.scalar, both[0] * 0.25 + both[1] * 0.75, tolerance: 1e-6)
  }

  @Test func `stays finite where the perceptron is certain`() throws {
    let gate = NodePerceptron(widths: [2, 3, 1], dropout: 0, generator: Generator(seed: 2))
    let scores = Tensor(rows: [[1e4, -1e4, 0, 0], [0, 0, 0, 0]]).converted(to: .float32)
    let inputs = scores.requiringGradient()
    let loss = try Self.mixture(gate: gate).loss(
      weak: inputs, strong: inputs, classes: Tensor([1, 0] as [Int64]))
    let found = try gradients(of: loss, withRespectTo: [inputs])[0]
    #expect(loss.scalar.isFinite && found?.isFinite().allTrue() == true)
  }

  @Test func `traps on a single class`() async {
    await #expect(processExitsWith: .failure) {
      _ = Mowst<GraphNetwork<GraphConvolution>>.dispersion(of: .zeros([2, 1]))
    }
  }
}
