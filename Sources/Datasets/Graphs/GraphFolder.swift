import Storage

/// Reads a folder with a graph.
///
/// | file | a line |
/// |---|---|
/// | `nodes.svm` | a node, from 0: its classes' numbers with commas, a space, `feature:value` pairs; a node without a class has `-`, `-1` or nothing there |
/// | `edges.tsv` | two nodes with a tabulator between: an undirected edge |
/// | `split.tsv` or `splits.tsv` | `train`, `validation` (or `val`) or `test`, a tabulator, a node; `train_20` and so on for several splits |
/// | `splits10.txt` | in place of it, a node with a letter for each split: T train, V validation, E test, - none |
/// | `classes.tsv` | the name of a class, from 0; may be missing |
///
/// Each may be compressed (`nodes.svm.xz`). This is the form of converted Planetoid and heterophilous
/// graphs. Repeated edges count once.
public struct GraphFolder: Sendable {
  /// How to treat an edge from a node to itself.
  public enum SelfLoops: String, Codable, Hashable, Sendable {
    /// An error.
    case refuse
    /// Left out.
    case drop
    /// Kept.
    case keep
  }

  /// The folder.
  public var path: String
  /// How to treat an edge from a node to itself.
  public var selfLoops: SelfLoops
  /// Whether only the second node of an edge receives messages from the first.
  public var isDirected: Bool

  /// Creates a reader of the folder `path`.
  public init(path: String, selfLoops: SelfLoops = .refuse, isDirected: Bool = false) {
    self.path = path
    self.selfLoops = selfLoops
    self.isDirected = isDirected
  }

  /// Reads the folder.
  ///
  /// - Throws: `FileError` for a file that is missing or cannot be read; `InputError` with file, line
  ///   and value for a node or class that does not exist, a self-loop, or a node in two parts.
  public func read() throws -> GraphDataset {
    let files = GraphFiles(path: path, expected: "nodes.svm and edges.tsv")
    let names = try files.classNames()
    let rows = try GraphRows(reading: files.required("nodes.svm"), classNames: names)
    let count = rows.features.rowCount
    return GraphDataset(
      graph: try edges(of: files, nodeCount: count), features: rows.features, classes: rows.classes,
      classNames: names ?? (0..<rows.classes.columnCount).map(String.init),
      splits: try files.splits(nodeCount: count))
  }

  private func edges(of files: GraphFiles, nodeCount: Int) throws -> Graph {
    var edges: [(source: Int, target: Int)] = []
    try GraphFiles.forEachLine(of: files.required("edges.tsv")) {
      (cursor, _, _) throws(LineFault) in
      let source = try cursor.node(below: nodeCount)
      try cursor.skip("\t", "a tabulator and the edge's second node")
      let start = cursor.position
      let target = try cursor.node(below: nodeCount)
      try cursor.finish("the end of the line after two nodes")
      guard source == target else { return edges.append((source, target)) }
      switch selfLoops {
      case .refuse:
        throw LineFault(
          position: start, reason: "the edge leads from node \(source) to itself",
          expected: "two nodes, or the setting that drops or keeps self-loops")
      case .drop: break
      case .keep: edges.append((source, target))
      }
    }
    return try attributingErrors(to: path) {
      try Graph(nodeCount: nodeCount, edges: edges, isDirected: isDirected)
    }
  }
}
