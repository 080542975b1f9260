import Storage

/// Reads a folder with a hypergraph.
///
/// | file | a line |
/// |---|---|
/// | `nodes.svm`, `classes.tsv`, splits | as in a ``GraphFolder`` |
/// | `hyperedges.tsv` | the nodes of a hyperedge, with tabulators between |
///
/// Each may be compressed (`nodes.svm.xz`). This is the form of the converted co-authorship and
/// co-citation hypergraphs of HyperGCN.
public struct HypergraphFolder: Sendable {
  /// The folder.
  public var path: String

  /// Creates a reader of the folder `path`.
  public init(path: String) { self.path = path }

  /// Reads the folder.
  ///
  /// - Throws: `FileError` for a file that is missing or cannot be read; `InputError` with file, line
  ///   and column for a node or class that does not exist, a node twice in a hyperedge, or in two parts.
  public func read() throws -> HypergraphDataset {
    let files = GraphFiles(path: path, expected: "nodes.svm and hyperedges.tsv")
    let names = try files.classNames()
    let rows = try GraphRows(reading: files.required("nodes.svm"), classNames: names)
    let count = rows.features.rowCount
    return HypergraphDataset(
      hypergraph: try hyperedges(of: files, nodeCount: count), features: rows.features,
      classes: rows.classes,
      classNames: names ?? (0..<rows.classes.columnCount).map(String.init),
      splits: try files.splits(nodeCount: count))
  }

  private func hyperedges(of files: GraphFiles, nodeCount: Int) throws -> Hypergraph {
    var hyperedges: [[Int]] = []
    let file = try files.required("hyperedges.tsv")
    try GraphFiles.forEachLine(of: file) { (cursor, _, _) throws(LineFault) in
      var nodes: [Int] = []
      var seen: Set<Int> = []
      repeat {
        let start = cursor.position
        let node = try cursor.node(below: nodeCount)
        guard seen.insert(node).inserted else {
          throw LineFault(
            position: start, reason: "node \(node) appears a second time",
            expected: "each node once a hyperedge")
        }
        nodes.append(node)
      } while cursor.take("\t")
      try cursor.finish("a tabulator and a node, or the end of the line")
      hyperedges.append(nodes)
    }
    return try attributingErrors(to: file) {
      try Hypergraph(nodeCount: nodeCount, hyperedges: hyperedges)
    }
  }
}
