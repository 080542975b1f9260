import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SAGEConvolutionTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
  }

  @Test func `layers of means agree with PyTorch Geometric`() throws {
    try agreeWithTheGolden("SAGEConvolution", Options.self, cases: 2) { options, inputs in
      let layer = SAGEConvolution(
        ownWeight: inputs[1], neighbourWeight: inputs[2], bias: inputs[3][0])
      let outputs = try layer(.dense(inputs[0]), over: options.graph.means())
      return (
        weighted(outputs, inputs[4]),
        [inputs[0], layer.ownWeight, layer.neighbourWeight, layer.bias, inputs[4]]
      )
    }
  }

  @Test func `a propagation is the mean of the other neighbours`() throws {
    let golden = GoldenGraph(nodes: 4, edges: [[0, 1], [1, 2], [0, 0]])
    let matrix = SAGEConvolution.propagation(of: try golden.graph())
    #expect(matrix.places.columns.array() == [1, 0, 2, 1] as [Int32])
    #expect(matrix.values?.doubles() == [1, 0.5, 0.5, 1])
  }
}
