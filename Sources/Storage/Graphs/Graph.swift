/// A graph by the neighbours of each node, without parallel edges.
///
/// Row i of `neighbours` lists, in ascending order, the nodes with an edge to i: those that i receives
/// messages from. An undirected edge is listed at both ends.
public struct Graph: Sendable, Equatable {
  /// `[V, V]`, columns ascending and distinct in each row; without values.
  public let neighbours: CSRMatrix

  /// The number of nodes V.
  public var nodeCount: Int { neighbours.rowCount }
  /// The number of entries: an undirected edge counts twice, a self-loop once.
  public var entryCount: Int { neighbours.entryCount }

  /// Creates a graph from edges; repeated ones count once.
  ///
  /// - Parameters:
  ///   - edges: pairs of nodes, from the first to the second.
  ///   - isDirected: whether only the second receives messages from the first.
  /// - Throws: `ValueError` for a node outside `0 ..< nodeCount`.
  /// - Complexity: O(V + E) time and memory.
  public init(
    nodeCount: Int, edges: some Sequence<(source: Int, target: Int)>, isDirected: Bool = false
  ) throws {
    var targets: [Int32] = []
    var sources: [Int32] = []
    for (number, edge) in edges.enumerated() {
      for node in [edge.source, edge.target] where !(0..<nodeCount).contains(node) {
        throw ValueError(
          "edge \(number)", reason: "it has node \(node)",
          expected: "a node in 0 ..< \(nodeCount)")
      }
      targets.append(Int32(edge.target))
      sources.append(Int32(edge.source))
      guard !isDirected, edge.source != edge.target else { continue }
      targets.append(Int32(edge.source))
      sources.append(Int32(edge.target))
    }
    self.init(nodeCount: nodeCount, targets: targets, sources: sources)
  }

  /// Creates a graph from the neighbours of each node.
  ///
  /// - Precondition: as many columns as rows, ascending and distinct in each row.
  package init(neighbours: CSRMatrix) {
    precondition(
      neighbours.columnCount == neighbours.rowCount,
      "\(neighbours.rowCount) rows and \(neighbours.columnCount) columns")
    self.neighbours = neighbours
  }

  /// Two counting sorts, by source and then by target, bring the entries into order.
  private init(nodeCount: Int, targets: [Int32], sources: [Int32]) {
    let bySource = CSRMatrix(grouping: targets, by: sources, groups: nodeCount, nodeCount)
    // The transpose lists each target's sources in ascending order.
    let all = bySource.transposed()
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    columns.reserveCapacity(all.entryCount)
    for row in 0..<nodeCount {
      let start = columns.count
      for entry in all.entries(ofRow: row) {
        let column = all.columns[entry]
        if columns.count == start || columns[columns.count - 1] != column {
          columns.append(column)
        }
      }
      offsets.append(Int64(columns.count))
    }
    neighbours = CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), columnCount: nodeCount)
  }

  /// The graph with a self-loop at every node.
  public func addingSelfLoops() -> Graph {
    var targets = [Int32](0..<Int32(nodeCount))
    var sources = targets
    for node in 0..<nodeCount {
      for source in neighbours.columns(ofRow: node) {
        targets.append(Int32(node))
        sources.append(source)
      }
    }
    return Graph(nodeCount: nodeCount, targets: targets, sources: sources)
  }

  /// The graph without self-loops.
  public func removingSelfLoops() -> Graph {
    var targets: [Int32] = []
    var sources: [Int32] = []
    for node in 0..<nodeCount {
      for source in neighbours.columns(ofRow: node) where Int(source) != node {
        targets.append(Int32(node))
        sources.append(source)
      }
    }
    return Graph(nodeCount: nodeCount, targets: targets, sources: sources)
  }

  /// The graph with some of its entries, by their number in `neighbours`.
  public func keepingEntries(_ isKept: (Int) -> Bool) -> Graph {
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    for node in 0..<nodeCount {
      for entry in neighbours.entries(ofRow: node) where isKept(entry) {
        columns.append(neighbours.columns[entry])
      }
      offsets.append(Int64(columns.count))
    }
    return Graph(
      CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(columns), columnCount: nodeCount))
  }

  private init(_ neighbours: CSRMatrix) { self.neighbours = neighbours }

  /// The edges among some nodes, numbered in the order that they are given in.
  ///
  /// - Precondition: the nodes are distinct.
  public func subgraph(of nodes: [Int]) -> Graph {
    var places = [Int32](repeating: -1, count: nodeCount)
    for (place, node) in nodes.enumerated() {
      precondition(places[node] < 0, "node \(node) is given twice")
      places[node] = Int32(place)
    }
    var targets: [Int32] = []
    var sources: [Int32] = []
    for (place, node) in nodes.enumerated() {
      for source in neighbours.columns(ofRow: node) where places[Int(source)] >= 0 {
        targets.append(Int32(place))
        sources.append(places[Int(source)])
      }
    }
    return Graph(nodeCount: nodes.count, targets: targets, sources: sources)
  }

  /// The number of neighbours of each node.
  public var degrees: [Int] { (0..<nodeCount).map { neighbours.entries(ofRow: $0).count } }

  /// D^−½ A D^−½, with the degrees D of the rows; a node without neighbours has no entry.
  ///
  /// That of the graph with self-loops is the propagation of Kipf and Welling's networks.
  public func symmetricallyNormalized() -> CSRMatrix {
    let roots = degrees.map { Float(1 / Double(max($0, 1)).squareRoot()) }
    return weighted { roots[$0] * roots[$1] }
  }

  /// D^−1 A: each row of a node with neighbours sums to 1.
  public func rowNormalized() -> CSRMatrix {
    let shares = degrees.map { Float(1 / Double(max($0, 1))) }
    return weighted { target, _ in shares[target] }
  }

  /// The adjacency matrix with values that depend on an entry's target and source.
  public func weighted(_ value: (_ target: Int, _ source: Int) -> Float) -> CSRMatrix {
    var values: [Float] = []
    values.reserveCapacity(entryCount)
    for node in 0..<nodeCount {
      for source in neighbours.columns(ofRow: node) { values.append(value(node, Int(source))) }
    }
    return CSRMatrix(
      rowOffsets: neighbours.rowOffsets, columns: neighbours.columns, values: MappedArray(values),
      columnCount: nodeCount)
  }
}

extension CSRMatrix {
  /// The members of each group, in their given order, with a column each.
  fileprivate init(grouping columns: [Int32], by groupOf: [Int32], groups: Int, _ columnCount: Int)
  {
    var offsets = [Int64](repeating: 0, count: groups + 1)
    for group in groupOf { offsets[Int(group) + 1] += 1 }
    for group in 0..<groups { offsets[group + 1] += offsets[group] }
    var next = offsets
    var sorted = [Int32](repeating: 0, count: columns.count)
    for (group, column) in zip(groupOf, columns) {
      sorted[Int(next[Int(group)])] = column
      next[Int(group)] += 1
    }
    self.init(
      rowOffsets: MappedArray(offsets), columns: MappedArray(sorted), columnCount: columnCount)
  }
}
