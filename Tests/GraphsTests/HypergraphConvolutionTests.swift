import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct HypergraphConvolutionTests {
  private struct Options: Decodable {
    let graph: GoldenHypergraph
  }

  @Test func `hypergraph convolutions agree with the authors' library`() throws {
    try agreeWithTheGolden("HypergraphConvolution", Options.self, cases: 2) { options, inputs in
      let layer = HypergraphConvolution(weight: inputs[1], bias: inputs[2][0])
      let propagation = HypergraphConvolution.propagation(
        of: try options.graph.hypergraph(), dtype: .float64)
      let outputs = try layer(.dense(inputs[0]), over: propagation)
      return (weighted(outputs, inputs[3]), [inputs[0], layer.weight, layer.bias, inputs[3]])
    }
  }

  @Test func `a graph's hyperedges are the neighbourhoods of its nodes`() throws {
    let graph = try GoldenGraph(nodes: 4, edges: [[0, 1], [1, 2], [0, 0]]).graph()
    let found = HypergraphConvolution.propagation(of: graph)
    let expected = HypergraphConvolution.propagation(
      of: try Hypergraph(nodeCount: 4, hyperedges: [[0, 1], [0, 1, 2], [1, 2], [3]]))
    #expect(found.places.columns.array(of: Int32.self) == expected.places.columns.array())
    expectClose(
      found.values?.doubles() ?? [], expected.values?.doubles() ?? [], tolerance: 1e-7)
    let roots = [0.5, (1 / 6.0).squareRoot()]
    expectClose(Array(found.values?.doubles().prefix(2) ?? []), roots, tolerance: 1e-7)
  }

  @Test func `a network of hypergraph convolutions learns groups from hyperedges`() throws {
    // Two groups, whose features tell nothing.
    let hypergraph = try Hypergraph(
      nodeCount: 12, hyperedges: [[0, 1, 2, 3], [2, 3, 4, 5], [6, 7, 8, 9], [8, 9, 10, 11]])
    let identity = CSRMatrix(rows: (0..<12).map { [$0] }, columnCount: 12)
    let network = GraphNetwork(
      hypergraphConvolutionsFrom: 12, to: 2, dropout: 0.1, generator: Generator(seed: 1))
    let features = NodeFeatures.sparse(SparseMatrix(identity))
    let propagation = HypergraphConvolution.propagation(of: hypergraph)
    let classes = (0..<12).map { $0 / 6 }
    _ = try NodeTraining(epochs: 60)(
      network, features: features, over: propagation, classes: classes, train: [0, 11],
      validation: [1, 10])
    #expect(
      try NodeTraining.accuracy(
        of: network, features: features, over: propagation, classes: classes,
        nodes: Array(2..<10)) == 1)
  }
}

/// A hypergraph of a golden file.
struct GoldenHypergraph: Decodable {
  let nodes: Int
  let members: [[Int]]

  func hypergraph() throws -> Hypergraph {
    try Hypergraph(nodeCount: nodes, hyperedges: members)
  }
}
