import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GraphConvolutionTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
  }

  @Test func `graph convolutions agree with PyTorch Geometric`() throws {
    try agreeWithTheGolden("GraphConvolution", Options.self, cases: 2) { options, inputs in
      let layer = GraphConvolution(weight: inputs[1], bias: inputs[2][0])
      let outputs = try layer(
        .dense(inputs[0]), over: options.graph.propagation(addingLoops: true))
      return (weighted(outputs, inputs[3]), [inputs[0], layer.weight, layer.bias, inputs[3]])
    }
  }

  @Test func `a propagation has the degrees' roots and a self-loop at each node`() throws {
    let golden = GoldenGraph(nodes: 4, edges: [[0, 1], [1, 2], [0, 0]])
    let matrix = GraphConvolution.propagation(of: try golden.graph())
    #expect(matrix.places.columns.array() == [0, 1, 0, 1, 2, 1, 2, 3] as [Int32])
    expectClose(
      matrix.values?.doubles() ?? [],
      try golden.propagation(addingLoops: true).values?.doubles() ?? [], tolerance: 1e-7)
  }
}
