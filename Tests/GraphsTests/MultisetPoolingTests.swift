import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MultisetPoolingTests {
  private struct Options: Decodable {
    let graphs: [GoldenGraph]
    let heads: Int
    let normalizes: Bool
  }

  @Test func `pooling agrees with the authors' attention block`() throws {
    try agreeWithTheGolden("MultisetPooling", Options.self, cases: 3) { options, inputs in
      var weights = GoldenWeights(inputs[2...])
      let (query, output) = (weights.linear(), weights.linear())
      let norms = (0..<2).map { _ in LayerNorm(weight: weights.vector(), bias: weights.vector()) }
      let layer = MultisetPooling(
        seeds: inputs[1],
        attention: SetAttention(
          query: query, output: output, norms: options.normalizes ? norms : [],
          heads: options.heads), keys: weights.convolution(), values: weights.convolution())
      let found = try layer(inputs[0], in: options.graphs.batch())
      let factors = weights.matrix()
      #expect(found.shape == [options.graphs.count, inputs[1].size(along: 0), 4])
      let biases = [query, output].map { $0.bias ?? .zeros([4]) }
      let parts =
        [layer.seeds, query.weight, biases[0], output.weight, biases[1]]
        + norms.flatMap { [$0.weight, $0.bias] } + layer.keys.parameters.map(\.tensor)
        + layer.values.parameters.map(\.tensor)
      return (weighted(found.reshaped([-1, 4]), factors), [inputs[0]] + parts + [factors])
    }
  }

  @Test func `pooling does not depend on the order of nodes`() throws {
    let layer = MultisetPooling(width: 8, seeds: 2, heads: 2, generator: Generator(seed: 3))
    let features = Tensor.normal([4, 8], generator: Generator(seed: 4))
    let order = [2, 0, 3, 1]
    let edges = [(0, 1), (1, 2), (1, 3)]
    let place = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    let first = try Graph(nodeCount: 4, edges: edges.map { (source: $0, target: $1) })
    let second = try Graph(
      nodeCount: 4, edges: edges.map { (source: place[$0] ?? 0, target: place[$1] ?? 0) })
    expectClose(
      try layer(features, in: LoopedGraphBatch([first])),
      try layer(
        features.gathered(rows: Tensor(order.map(Int64.init))), in: LoopedGraphBatch([second])),
      tolerance: 1e-5)
  }
}
