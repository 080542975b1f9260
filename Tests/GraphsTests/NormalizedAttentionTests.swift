import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NormalizedAttentionTests {
  @Test func `rows are divided by their sums of magnitudes, and dropout is in training alone`()
    throws
  {
    let network = NormalizedAttention(
      from: 5, heads: 2, headWidth: 3, to: 4, generator: Generator(seed: 1))
    let graph = try Graph(
      nodeCount: 6, edges: [(source: 0, target: 1), (source: 1, target: 2), (source: 3, target: 4)])
    let features = NodeFeatures.dense(Tensor.normal([6, 5], generator: Generator(seed: 2)))
    let propagation = NormalizedAttention.propagation(of: graph)
    #expect(
      try network(features, over: propagation).doubles()
        != network(features, over: propagation).doubles())
    network.isTraining = false
    let found = try network(features, over: propagation)

    func scaled(_ rows: Tensor) -> Tensor {
      rows / rows.magnitude().sum(along: 1, keepingDimensions: true)
    }
    let weights = network.parameters.map(\.tensor)
    let random = Generator(seed: 0)
    let layers = [
      GraphAttention(
        .init(inputs: 5, outputs: 3, heads: 2), weight: weights[0], receiver: weights[1],
        sender: weights[2], bias: weights[3], generator: random),
      GraphAttention(
        .init(inputs: 6, outputs: 4), weight: weights[4], receiver: weights[5], sender: weights[6],
        bias: weights[7], generator: random),
    ]
    let hidden = scaled(try layers[0](features, over: propagation).leakyReLU(slope: 0.01))
    let expected = scaled(try layers[1](.dense(hidden), over: propagation)).relu()
    expectClose(found.doubles(), expected.doubles(), tolerance: 1e-6)
  }
}
