import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct APPNPTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let steps: Int
    let teleport: Double
  }

  @Test func `personalised PageRank agrees with PyTorch Geometric`() throws {
    try agreeWithTheGolden("APPNP", Options.self, cases: 8) { options, inputs in
      let network = APPNP(
        perceptron(inputs), steps: options.steps, teleport: options.teleport,
        edgeDropout: 0, generator: Generator(seed: 0))
      let outputs = try network(
        .dense(inputs[0]), over: options.graph.propagation(addingLoops: true))
      return (
        weighted(outputs, inputs[3]),
        [inputs[0]] + network.parameters.map(\.tensor) + [inputs[3]]
      )
    }
  }

  @Test func `APPNP leaves entries out in training alone`() throws {
    let graph = try GoldenGraph(nodes: 5, edges: [[0, 1], [1, 2], [2, 3], [3, 4]]).graph()
    let network = APPNP(
      NodePerceptron(widths: [2, 3], dropout: 0, generator: Generator(seed: 1)),
      generator: Generator(seed: 2))
    let features = NodeFeatures.dense(Tensor.normal([5, 2], generator: Generator(seed: 4)))
    let propagation = APPNP.propagation(of: graph)
    func outputs() throws -> [Float] { try network(features, over: propagation).array() }
    #expect(try outputs() != outputs())
    network.isTraining = false
    #expect(try outputs() == outputs())
  }

  /// Two groups of nodes, joined within and hardly between; features tell nothing.
  private static func groups() throws -> (Graph, [Int]) {
    var random = SplitMix64(5)
    var edges: [(source: Int, target: Int)] = []
    for node in 0..<60 {
      for _ in 0..<4 { edges.append((node, node / 30 * 30 + random.below(30))) }
    }
    edges.append((0, 59))
    return (
      try Graph(nodeCount: 60, edges: edges.filter { $0.source != $0.target }),
      (0..<60).map { $0 / 30 }
    )
  }
}
