import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GraphAttentionTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let heads: Int
    let averages: Bool
    let slope: Double
  }

  @Test func `graph attention agrees with PyTorch Geometric`() throws {
    try agreeWithTheGolden("GraphAttention", Options.self, cases: 6) { options, inputs in
      let layer = GraphAttention(
        .init(
          inputs: 3, outputs: 2, heads: options.heads, averages: options.averages,
          slope: options.slope), weight: inputs[1], receiver: inputs[2], sender: inputs[3],
        bias: inputs[4][0], generator: Generator(seed: 0))
      let outputs = try layer(
        .dense(inputs[0]), over: GraphAttention.propagation(of: options.graph.graph()))
      return (
        weighted(outputs, inputs[5]),
        [inputs[0], layer.weight, layer.receiver, layer.sender, layer.bias, inputs[5]]
      )
    }
  }

  @Test func `a node is among its own neighbours`() throws {
    let golden = GoldenGraph(nodes: 4, edges: [[0, 1], [1, 2], [0, 0]])
    let places = GraphAttention.propagation(of: try golden.graph()).places
    #expect(places.columns.array() == [0, 1, 0, 1, 2, 1, 2, 3] as [Int32])
  }

  @Test func `attention leaves neighbours out in training alone`() throws {
    let graph = GoldenGraph(nodes: 4, edges: [[0, 1], [1, 2], [2, 3]])
    let layer = GraphAttention(
      .init(inputs: 2, outputs: 3, dropout: 0.5), generator: Generator(seed: 3))
    let features = NodeFeatures.dense(Tensor.normal([4, 2], generator: Generator(seed: 4)))
    let places = GraphAttention.propagation(of: try graph.graph())
    func outputs() throws -> [Float] { try layer(features, over: places).array() }
    #expect(try outputs() != outputs())
    layer.isTraining = false
    #expect(try outputs() == outputs())
  }
}
