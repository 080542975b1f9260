import Storage
import Testing

@Suite struct HypergraphTests {
  private func lists(_ hypergraph: Hypergraph) -> [[Int32]] {
    (0..<hypergraph.hyperedgeCount).map { Array(hypergraph.members.columns(ofRow: $0)) }
  }

  @Test func `members are listed once and in order`() throws {
    let hypergraph = try Hypergraph(nodeCount: 5, hyperedges: [[3, 0, 3], [2], [0, 1, 2]])
    #expect(lists(hypergraph) == [[0, 3], [2], [0, 1, 2]])
    #expect(hypergraph.degrees == [2, 1, 2, 1, 0])
    #expect(hypergraph.nodeCount == 5 && hypergraph.hyperedgeCount == 3)
  }

  @Test func `a node without a hyperedge gets one of one node`() throws {
    let hypergraph = try Hypergraph(nodeCount: 4, hyperedges: [[1, 2]]).addingLonelyNodes()
    #expect(lists(hypergraph) == [[1, 2], [0], [3]])
    #expect(hypergraph.addingLonelyNodes() == hypergraph)
  }

  @Test func `the neighbourhoods of a graph are hyperedges`() throws {
    let graph = try Graph(nodeCount: 3, edges: [(source: 0, target: 1)])
    #expect(lists(Hypergraph(neighbourhoodsOf: graph)) == [[0, 1], [0, 1], [2]])
  }

  @Test func `a node outside and an empty hyperedge are refused`() {
    #expect {
      try Hypergraph(nodeCount: 2, hyperedges: [[0], [1, 2]])
    } throws: { "\($0)".contains("hyperedge 1: it has node 2; expected a node in 0 ..< 2") }
    #expect {
      try Hypergraph(nodeCount: 2, hyperedges: [[0], []])
    } throws: { "\($0)".contains("hyperedge 1: it has no nodes; expected one or more") }
  }
}
