import Storage

/// Reads a text file with many graphs.
///
///     2                    the number of graphs
///     3 5                  a graph: its number of nodes and its class
///     0 2 1 2              a node: its tag, its number of neighbours, and these, from 0
///     1 1 0
///     0 1 0
///     1 0                  the next graph
///     2 0
///
/// It may be compressed. This is the form of converted TUDataset collections. An edge counts once,
/// whether one of its nodes lists the other or both do.
public struct GraphCollectionFile: Sendable {
  /// The file.
  public var path: String

  /// Creates a reader of the file `path`.
  public init(path: String) { self.path = path }

  /// A graph of which some nodes have been read.
  private struct Begun {
    var nodeCount: Int
    var label: Int
    var tags: [Int] = []
    var edges: [(source: Int, target: Int)] = []
  }

  /// Reads the file.
  ///
  /// - Throws: `FileError` if the file cannot be read; `InputError` with line and column for a fault
  ///   in a line, a neighbour that does not exist, or a file that ends too early or too late.
  public func read() throws -> GraphCollection {
    var announced: Int?
    var graphs: [Begun] = []
    var line = 0
    try GraphFiles.forEachLine(of: path) { (cursor, _, range) throws(LineFault) in
      line += 1
      guard let count = announced else {
        announced = try cursor.integer(upTo: Int(Int32.max), "the number of graphs")
        return try cursor.finish("the end of the line after the number of graphs")
      }
      if let last = graphs.last, last.tags.count < last.nodeCount {
        return try node(&cursor, &graphs[graphs.count - 1])
      }
      guard graphs.count < count else {
        throw LineFault(
          position: range.lowerBound, reason: "there is a line after the last graph",
          expected: "\(counted(count, "graph")), as the first line says")
      }
      let nodeCount = try cursor.integer(upTo: Int(Int32.max), "the number of nodes")
      try cursor.skip(" ", "a space and the graph's class")
      let label = try cursor.integer(upTo: Int(Int32.max), "a class")
      try cursor.finish("the end of the line after a class")
      graphs.append(Begun(nodeCount: nodeCount, label: label))
    }
    if graphs.count < announced ?? 1 || graphs.last.map({ $0.tags.count < $0.nodeCount }) ?? false {
      throw InputError(
        file: path, line: line + 1,
        reason: "the file ends in graph \(max(graphs.count, 1)) or before it",
        expected: "\(counted(announced ?? 1, "graph")) with all nodes")
    }
    let labels = Set(graphs.map(\.label)).sorted()
    return GraphCollection(
      items: try graphs.map { begun in
        .init(
          graph: try attributingErrors(to: path) {
            try Graph(nodeCount: begun.nodeCount, edges: begun.edges)
          }, tags: begun.tags, label: labels.firstIndex(of: begun.label) ?? 0)
      }, tagCount: (graphs.flatMap(\.tags).max() ?? -1) + 1, classNames: labels.map(String.init))
  }

  private func node(_ cursor: inout SVMLightCursor, _ graph: inout Begun) throws(LineFault) {
    let node = graph.tags.count
    let tag = try cursor.integer(upTo: SVMLightFile.columnLimit, "a tag")
    try cursor.skip(" ", "a space and the number of neighbours")
    let start = cursor.position
    let degree = try cursor.integer(upTo: Int(Int32.max), "the number of neighbours")
    var count = 0
    while try cursor.skipSpaces() {
      graph.edges.append((source: try cursor.node(below: graph.nodeCount), target: node))
      count += 1
    }
    guard count == degree else {
      throw LineFault(
        position: start, reason: "the node has \(counted(count, "neighbour"))",
        expected: "\(degree), as the line says")
    }
    graph.tags.append(tag)
  }
}
