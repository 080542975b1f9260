import Storage
import Testing

@Suite struct GraphTests {
  private static let edges = [(0, 1), (1, 0), (2, 1), (3, 3), (0, 1)]
  private static func graph(isDirected: Bool = false) throws -> Graph {
    try Graph(
      nodeCount: 5, edges: edges.map { (source: $0.0, target: $0.1) }, isDirected: isDirected)
  }

  private func lists(_ graph: Graph) -> [[Int32]] {
    (0..<graph.nodeCount).map { Array(graph.neighbours.columns(ofRow: $0)) }
  }

  @Test func `undirected edges are listed once at both ends`() throws {
    #expect(lists(try Self.graph()) == [[1], [0, 2], [1], [3], []])
  }

  @Test func `a directed edge is listed at its target`() throws {
    #expect(lists(try Self.graph(isDirected: true)) == [[1], [0, 2], [], [3], []])
  }

  @Test func `self-loops are added once and removed`() throws {
    let looped = try Self.graph().addingSelfLoops()
    #expect(lists(looped) == [[0, 1], [0, 1, 2], [1, 2], [3], [4]])
    #expect(lists(looped.removingSelfLoops()) == [[1], [0, 2], [1], [], []])
  }

  @Test func `a subgraph has the edges among its nodes`() throws {
    #expect(lists(try Self.graph().subgraph(of: [2, 1, 3])) == [[1], [0], [2]])
  }

  @Test func `some entries are kept, in one direction each`() throws {
    let graph = try Self.graph()
    #expect(lists(graph.keepingEntries { $0 != 1 && $0 != 4 }) == [[1], [2], [1], [], []])
    #expect(graph.keepingEntries { _ in true } == graph)
  }

  @Test func `normalised values are those of the degrees`() throws {
    let looped = try Self.graph().addingSelfLoops()
    #expect(looped.degrees == [2, 3, 2, 1, 1])
    let symmetric = looped.symmetricallyNormalized().values.map(Array.init) ?? []
    let root = Float(1 / 6.0.squareRoot())
    for (value, expected) in zip(
      symmetric, [0.5, root, root, 1 / 3, root, root, 0.5, 1, 1] as [Float])
    {
      #expect(abs(value - expected) < 1e-6)
    }
    #expect(
      try Self.graph().rowNormalized().values.map(Array.init) == [1, 0.5, 0.5, 1, 1])
  }

  @Test func `a node outside the graph is refused`() throws {
    #expect {
      try Graph(nodeCount: 2, edges: [(source: 0, target: 1), (source: 1, target: 2)])
    } throws: { "\($0)".contains("edge 1: it has node 2; expected a node in 0 ..< 2") }
  }
}
