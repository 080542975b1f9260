import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NodeDropPoolingTests {
  private struct Options: Decodable {
    let graphs: [GoldenGraph]
  }

  @Test func `pooling agrees with the authors' module`() throws {
    try agreeWithTheGolden("NodeDropPooling", Options.self, cases: 2) { options, inputs in
      var weights = GoldenWeights(inputs[2..<6])
      let layer = weights.pooling()
      let batch = try options.graphs.batch()
      let (ends, factors) = (inputs[1], inputs[6].transposed())
      let places = batch.places
      func pairs(_ numbers: Tensor, _ others: Tensor) throws -> Tensor {
        try (places.spread(numbers) * places.transposed.spread(others)).reshaped([-1])
      }
      let pooled = try layer(inputs[0], weights: pairs(ends, ends), in: batch)
      let columns = try pairs(
        factors[4].expandingDimension(at: 1), factors[3].expandingDimension(at: 1))
      let value =
        weighted(pooled.features, factors[0..<3].transposed()) + weighted(pooled.kept, factors[5])
        + weighted(pooled.weights, columns)
      return (value, [inputs[0], ends] + layer.parameters.map(\.tensor) + [inputs[6]])
    }
  }

  @Test func `a node of score 0 loses its features and edges`() throws {
    let layer = NodeDropPooling(
      convolution: GraphConvolution(
        weight: Tensor(rows: [[1.0]]), bias: .zeros([1], dtype: .float64)),
      projection: Linear(weight: Tensor(rows: [[1000.0]])))
    let batch = LoopedGraphBatch([try Graph(nodeCount: 2, edges: [])])
    let pooled = try layer(
      Tensor(rows: [[-1.0], [2.0]]), weights: .ones([2], dtype: .float64), in: batch)
    #expect(pooled.kept.doubles() == [0, 1])
    #expect(pooled.features.doubles() == [0, 2] && pooled.weights.doubles() == [0, 0])
  }
}
