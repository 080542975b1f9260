import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GINConvolutionTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
  }

  @Test func `layers of sums agree with PyTorch Geometric`() throws {
    try agreeWithTheGolden("GINConvolution", Options.self, cases: 2) { options, inputs in
      let network = Sequential(
        Linear(weight: inputs[1], bias: inputs[2][0]), Activation(.relu))
      let layer = GINConvolution(network: network, epsilon: inputs[3][0])
      let outputs = try layer(
        .dense(inputs[0]), over: GINConvolution.propagation(of: options.graph.graph()))
      let linear = network.parameters.map(\.tensor)
      return (
        weighted(outputs, inputs[4]), [inputs[0], linear[0], linear[1], inputs[3], inputs[4]]
      )
    }
  }

  @Test func `a propagation is the sum of the other neighbours`() throws {
    let golden = GoldenGraph(nodes: 4, edges: [[0, 1], [1, 2], [0, 0]])
    let matrix = GINConvolution.propagation(of: try golden.graph())
    #expect(matrix.places.columns.array() == [1, 0, 2, 1] as [Int32])
    #expect(matrix.values == nil)
  }
}
