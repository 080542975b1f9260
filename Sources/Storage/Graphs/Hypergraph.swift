/// A hypergraph by the members of each hyperedge, which joins any number of nodes.
public struct Hypergraph: Sendable, Equatable {
  /// `[E, V]`, columns ascending and distinct in each row; without values.
  public let members: CSRMatrix

  /// The number of nodes V.
  public var nodeCount: Int { members.columnCount }
  /// The number of hyperedges E.
  public var hyperedgeCount: Int { members.rowCount }

  /// Creates a hypergraph; a node that a hyperedge repeats counts once.
  ///
  /// - Throws: `ValueError` for a node outside `0 ..< nodeCount` or a hyperedge without nodes.
  /// - Complexity: O(V + M log M) time for M members.
  public init(nodeCount: Int, hyperedges: some Collection<[Int]>) throws {
    for (number, nodes) in hyperedges.enumerated() {
      guard !nodes.isEmpty else {
        throw ValueError(
          "hyperedge \(number)", reason: "it has no nodes", expected: "one or more")
      }
      if let node = nodes.first(where: { !(0..<nodeCount).contains($0) }) {
        throw ValueError(
          "hyperedge \(number)", reason: "it has node \(node)",
          expected: "a node in 0 ..< \(nodeCount)")
      }
    }
    members = CSRMatrix(rows: hyperedges.map { Set($0).sorted() }, columnCount: nodeCount)
  }

  private init(members: CSRMatrix) { self.members = members }

  /// Creates the hypergraph with a hyperedge for each node, of the node and its neighbours.
  public init(neighbourhoodsOf graph: Graph) {
    members = graph.addingSelfLoops().neighbours
  }

  /// The number of hyperedges of each node.
  public var degrees: [Int] { members.columnCounts() }

  /// The hypergraph with a hyperedge of one node for each node that has none.
  public func addingLonelyNodes() -> Hypergraph {
    let degrees = degrees
    let lonely = degrees.indices.filter { degrees[$0] == 0 }
    return Hypergraph(
      members: members.stacked(
        over: CSRMatrix(rows: lonely.map { [$0] }, columnCount: nodeCount)))
  }
}
