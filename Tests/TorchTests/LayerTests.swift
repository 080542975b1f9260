import Foundation
import TestSupport
import Testing
import Torch

@Suite struct LayerTests {
  struct Case: Decodable {
    let name: String
    let tensors: [GoldenTensor]
  }

  @Test func `initial weights equal those of PyTorch`() throws {
    func generator() -> Generator { Generator(seed: 11) }
    let layers: [String: any Layer] = [
      "Linear": Linear(
        .init(inputs: 3, outputs: 4), generator: generator(), dtype: .float64),
      "Linear float32": Linear(from: 5, to: 2, generator: generator()),
      "Embedding": Embedding(
        .init(rows: 3, width: 2), generator: generator(), dtype: .float64),
      "EmbeddingBag": EmbeddingBag(
        .init(rows: 4, width: 3), generator: generator(), dtype: .float64),
      "LayerNorm": LayerNorm(.init(width: 3), dtype: .float64),
    ]
    for entry in try Golden<Case>("Layers").cases where entry.name != "network" {
      let layer = try #require(layers[entry.name])
      #expect(layer.parameters.count == entry.tensors.count)
      for ((name, tensor), expected) in zip(layer.parameters, entry.tensors) {
        #expect(tensor.requiresGradient)
        expectClose(
          tensor.detached().converted(to: .float64), expected.tensor, tolerance: 1e-7,
          "\(entry.name).\(name)")
      }
    }
  }

  @Test func `a trained network agrees with PyTorch`() throws {
    let cases = try Golden<Case>("Layers").cases
    let golden = try #require(cases.first { $0.name == "network" })
    let generator = Generator(seed: 11)
    func linear(_ inputs: Int, _ outputs: Int) -> Linear {
      Linear(.init(inputs: inputs, outputs: outputs), generator: generator, dtype: .float64)
    }
    let network = Sequential(
      linear(3, 6), Activation(.gelu), LayerNorm(.init(width: 6), dtype: .float64), linear(6, 4),
      Activation(.tanh), linear(4, 3))
    let x = Tensor((0..<15).map { sin(Double($0)) }, shape: [5, 3])
    let y = Tensor([0, 2, 1, 1, 0])
    let optimizer = AdamW(network.parameters.map(\.tensor), .init(learningRate: 0.05))
    var loss = Tensor(0)
    for _ in 0..<20 {
      optimizer.clearGradients()
      loss = network(x).crossEntropy(ofClasses: y)
      try loss.backward()
      try optimizer.step()
    }
    expectClose(loss.detached(), golden.tensors[0].tensor, tolerance: 1e-10)
    expectClose(network(x).detached(), golden.tensors[1].tensor, tolerance: 1e-10)
  }

  @Test(arguments: [[128, 96], [4, 32, 96]], [true, false])
  func `large linear maps agree with double precision`(shape: [Int], hasBias: Bool) throws {
    let generator = Generator(seed: 4)
    func leaf(_ shape: [Int]) -> Tensor {
      .normal(shape, generator: generator, dtype: .float32).requiringGradient()
    }
    let singles = [leaf(shape), leaf([112, 96])] + (hasBias ? [leaf([112])] : [])
    let doubles = singles.map { $0.detached().converted(to: .float64).requiringGradient() }
    // The first is large enough for the faster product, the second is not of its type.
    var found: [[Tensor?]] = []
    for leaves in [singles, doubles] {
      let output = leaves[0].linear(leaves[1], hasBias ? leaves[2] : nil)
      let first = try gradients(
        of: (output * output.sine()).sum(), withRespectTo: leaves, creatingGraph: true)
      let length = first.reduce(Tensor(0, dtype: leaves[0].dtype)) {
        $0 + ($1?.squared().sum() ?? Tensor(0))
      }
      found.append([output] + first + (try gradients(of: length, withRespectTo: leaves)))
    }
    for (single, double) in zip(found[0], found[1]) {
      let scale = try #require(double).magnitude().maximum().scalar
      expectClose(
        single.map { $0.converted(to: .float64) / scale }, double.map { $0 / scale },
        tolerance: 1e-4)
    }
  }

  @Test func `joins names of parts with dots`() {
    let generator = Generator(seed: 1)
    let network = Sequential(
      Linear(from: 2, to: 3, generator: generator), Activation(.relu),
      Sequential(LayerNorm(.init(width: 3)), Dropout(0.5, generator: generator)),
      Linear(from: 3, to: 1, hasBias: false, generator: generator))
    #expect(
      network.parameters.map(\.name)
        == ["0.weight", "0.bias", "2.0.weight", "2.0.bias", "3.weight"])
    #expect(network.parameterCount == 6 + 3 + 3 + 3 + 3)
  }

  @Test func `activations equal their functions`() {
    let x = Tensor([-1.5, 0, 2])
    let expected: [Activation.Kind: Tensor] = [
      .relu: x.relu(), .gelu: x.gelu(), .silu: x.silu(), .tanh: x.tanh(), .sigmoid: x.sigmoid(),
    ]
    for kind in Activation.Kind.allCases {
      expectClose(Activation(kind)(x), expected[kind], tolerance: 0, "\(kind)")
    }
  }

  @Test func `dropout is active only in training`() {
    let inner = Dropout(0.5, generator: Generator(seed: 3))
    let network = Sequential(Sequential(inner), Activation(.relu))
    let x = Tensor.ones([1000])
    let dropped = network(x)
    #expect(Set(dropped.doubles()) == [0, 2])
    #expect(abs(dropped.mean().scalar - 1) < 0.1)
    network.isTraining = false
    #expect(!inner.isTraining)
    #expect(network(x).isIdentical(to: x))
    network.isTraining = true
    #expect(inner.isTraining)
  }

  @Test func `dropout continues from its generator state`() {
    let layer = Dropout(0.3, generator: Generator(seed: 3))
    let x = Tensor.ones([64])
    let state = layer.generator.state
    let first = layer(x)
    #expect(!layer(x).isIdentical(to: first))
    layer.generator.state = state
    #expect(layer(x).isIdentical(to: first))
  }

  @Test func `dropout handles probabilities 0 and 1`() {
    let x = Tensor([1.0, -2, 3]).requiringGradient()
    let generator = Generator(seed: 3)
    #expect(x.droppedOut(0, generator: generator).doubles() == [1, -2, 3])
    #expect(x.droppedOut(1, generator: generator).squared().sum().scalar == 0)
  }

  @Test func `traps on a bias of the wrong length`() async {
    await #expect(processExitsWith: .failure) {
      _ = Linear(weight: .zeros([3, 2]), bias: .zeros([2]))
    }
  }
}
