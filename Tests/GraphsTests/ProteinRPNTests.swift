import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ProteinRPNTests {
  private struct Options: Decodable {
    let graphs: [GoldenGraph]
    let steps: Int
    let share: Double
  }

  @Test func `proposals agree with the authors' modules`() throws {
    try agreeWithTheGolden("ProteinRPN", Options.self, cases: 3) { options, inputs in
      var weights = GoldenWeights(inputs[1...])
      let convolutions = (0..<options.steps).map { _ in weights.convolution() }
      let function = weights.attention()
      let threshold = weights.matrix()
      let expansion = weights.attention()
      let pooling = weights.pooling()
      let attend = weights.matrix()
      let (sender, receiver) = (weights.matrix(), weights.matrix())
      let network = ProteinRPN(
        .init(inputs: 3, hidden: 4, steps: options.steps, share: options.share),
        convolutions: convolutions, functionLayer: function, threshold: threshold[0][0],
        expansion: expansion, pooling: pooling,
        attention: FunctionalAttention(weight: attend, sender: sender, receiver: receiver))
      let found = try network(inputs[0], in: options.graphs.batch())
      let factors = weights.matrix()
      let columns = factors.transposed()
      let value =
        weighted(found.features, columns[0..<3].transposed())
        + weighted(found.function, columns[3]) + weighted(found.kept, columns[4])
      return (value, [inputs[0]] + network.parameters.map(\.tensor) + [factors])
    }
  }

  @Test func `a graph's proposals do not depend on the others of its batch`() throws {
    let graphs = [
      try Graph(nodeCount: 4, edges: [(source: 0, target: 1), (source: 1, target: 2)]),
      try Graph(nodeCount: 3, edges: [(source: 0, target: 2)]),
    ]
    let network = ProteinRPN(.init(inputs: 2, hidden: 5), generator: Generator(seed: 1))
    let features = Tensor.normal([7, 2], generator: Generator(seed: 2))
    let both = try network(features, in: LoopedGraphBatch(graphs))
    let second = try network(features[4..<7], in: LoopedGraphBatch([graphs[1]]))
    expectClose(both.features[4..<7], second.features, tolerance: 1e-6)
    expectClose(both.function[4..<7], second.function, tolerance: 1e-6)
  }

  @Test func `means are those of each graph`() throws {
    let batch = LoopedGraphBatch([
      try Graph(nodeCount: 2, edges: []), try Graph(nodeCount: 0, edges: []),
      try Graph(nodeCount: 1, edges: []),
    ])
    let means = try batch.means(of: Tensor(rows: [[1.0, 2], [3, 6], [5, 5]]))
    #expect(means.doubles() == [2, 4, 0, 0, 5, 5])
  }
}
