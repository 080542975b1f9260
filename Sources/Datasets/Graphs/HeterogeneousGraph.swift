public import Storage

/// Nodes of several kinds and the relations between them; the nodes of one kind have classes.
///
/// A kind has a letter, such as `p` for papers and `a` for authors; a relation has two, `pa`, and a
/// meta-path three or more, `pap`.
public struct HeterogeneousGraph: LabelledNodes {
  /// The number of nodes of each kind.
  public var nodeCounts: [Character: Int]
  /// The features of the nodes of a kind, `[V, F]`; a kind may have none.
  public var features: [Character: CSRMatrix]
  /// The relations, `[nodes of the first letter, nodes of the second]`; without values.
  public var relations: [String: CSRMatrix]
  /// The kind whose nodes have classes.
  public var target: Character
  /// The classes of each node of `target`, `[V, C]` without values.
  public var classes: CSRMatrix
  /// The name of each class: its number.
  public var classNames: [String]
  /// The splits of the nodes of `target`, in the order of the file.
  public var splits: [GraphDataset.Split]

  /// The number of ways from each node to each other along a meta-path, `[first kind, last kind]`.
  ///
  /// - Parameter path: letters of kinds, of which each two neighbours have a relation.
  /// - Throws: `ValueError` for a path of one letter, or two letters without a relation.
  /// - Complexity: O(ways) time; memory of the results of its beginnings.
  public func metaPath(_ path: String) throws -> CSRMatrix {
    let letters = Array(path)
    guard letters.count > 1 else {
      throw ValueError(
        "meta-path \"\(path)\"", reason: "it has \(counted(letters.count, "letter"))",
        expected: "two or more")
    }
    var result: CSRMatrix?
    for (first, second) in zip(letters, letters.dropFirst()) {
      let step = try relation(from: first, to: second, of: path)
      result = result.map { $0.ways(over: step) } ?? step
    }
    return result ?? CSRMatrix(rows: [], columnCount: 0)
  }

  /// The graph of a meta-path from a kind to itself: an edge where there is a way, without self-loops.
  ///
  /// - Throws: `ValueError` for a path that is unknown, or that ends at another kind than it starts.
  public func graph(of path: String) throws -> Graph {
    guard path.first == path.last else {
      throw ValueError(
        "meta-path \"\(path)\"", reason: "it ends at another kind than it starts",
        expected: "the same first and last letter")
    }
    let ways = try metaPath(path)
    let edges = (0..<ways.rowCount).lazy.flatMap { row in
      ways.columns(ofRow: row).lazy.map { (source: Int($0), target: row) }
    }
    return try Graph(nodeCount: ways.rowCount, edges: edges, isDirected: true).removingSelfLoops()
  }

  private func relation(from first: Character, to second: Character, of path: String) throws
    -> CSRMatrix
  {
    if let relation = relations["\(first)\(second)"] { return relation }
    if let reverse = relations["\(second)\(first)"] { return reverse.transposed() }
    throw ValueError(
      "meta-path \"\(path)\"", reason: "\(first) and \(second) have no relation",
      expected: "two letters of \(relations.keys.sorted().joined(separator: ", "))")
  }
}

extension CSRMatrix {
  /// The product with a matrix whose values are 1, columns ascending.
  fileprivate func ways(over step: CSRMatrix) -> CSRMatrix {
    var sums = [Float](repeating: 0, count: step.columnCount)
    var (offsets, columns, values) = ([0] as [Int64], [] as [Int32], [] as [Float])
    for row in 0..<rowCount {
      var touched: [Int32] = []
      for entry in entries(ofRow: row) {
        let count = self.values?[entry] ?? 1
        for column in step.columns(ofRow: Int(self.columns[entry])) {
          if sums[Int(column)] == 0 { touched.append(column) }
          sums[Int(column)] += count
        }
      }
      touched.sort()
      columns += touched
      for column in touched {
        values.append(sums[Int(column)])
        sums[Int(column)] = 0
      }
      offsets.append(Int64(columns.count))
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), values: MappedArray(values),
      columnCount: step.columnCount)
  }
}
