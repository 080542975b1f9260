import Foundation
import Storage

/// Reads a folder with nodes of several kinds.
///
/// | file | a line |
/// |---|---|
/// | `labels.txt` | the class of a node of the target kind, from 0 |
/// | `pa.tsv` | a node of kind p and a node of kind a that are related, with a tabulator between |
/// | `p_feat.svm` | a node of kind p: a number that is not read, and `feature:value` pairs |
/// | `t_feat.dense.tsv` | in place of it, all values of a node of kind t, with tabulators between |
/// | `splits.tsv` | as in a ``GraphFolder``: nodes of the target kind; may be missing |
///
/// Each may be compressed (`labels.txt.xz`). This is the form of the converted graphs of HeCo. A kind
/// without features has the nodes that its relations name.
public struct HeterogeneousFolder: Sendable {
  /// The folder.
  public var path: String
  /// The kind whose nodes have classes.
  public var target: Character

  /// Creates a reader of the folder `path`; `target` is the letter of the classes' kind.
  public init(path: String, target: Character) {
    self.path = path
    self.target = target
  }

  /// Reads the folder.
  ///
  /// - Throws: `FileError` for a file that cannot be read; `InputError` with file, line and column for
  ///   a fault in a line, a node that does not exist, and a pair of nodes that appears twice.
  public func read() throws -> HeterogeneousGraph {
    let files = GraphFiles(path: path, expected: "labels.txt, and a relation such as pa.tsv")
    let classes = try classes(of: files)
    var features: [Character: CSRMatrix] = [:]
    let names = try relationNames()
    for kind in Set(names.joined()) {
      if let file = files.optional("\(kind)_feat.svm") {
        features[kind] = try GraphRows(reading: file, classNames: nil).features
      } else if let file = files.optional("\(kind)_feat.dense.tsv") {
        features[kind] = try dense(file)
      }
    }
    var counts = features.mapValues(\.rowCount)
    if let count = counts[target], count != classes.rowCount {
      throw InputError(
        file: path, reason: "there are \(counted(count, "row")) of features of kind \(target)",
        expected: "\(classes.rowCount), as labels.txt has lines")
    }
    counts[target] = classes.rowCount
    let pairs = try names.map { try relation($0, of: files, counts: counts) }
    for (name, pairs) in zip(names, pairs) {
      for (letter, nodes) in zip(name, [pairs.map(\.0), pairs.map(\.1)])
      where features[letter] == nil && letter != target {
        counts[letter] = max(counts[letter] ?? 0, (nodes.max() ?? -1) + 1)
      }
    }
    let relations = zip(names, pairs).map { name, pairs in
      let (rows, columns) = (counts[name.first ?? " "] ?? 0, counts[name.last ?? " "] ?? 0)
      var lists = [[Int]](repeating: [], count: rows)
      for (row, column) in pairs { lists[row].append(column) }
      return (name, CSRMatrix(rows: lists.map { $0.sorted() }, columnCount: columns))
    }
    return HeterogeneousGraph(
      nodeCounts: counts, features: features,
      relations: Dictionary(relations) { first, _ in first }, target: target, classes: classes,
      classNames: (0..<classes.columnCount).map(String.init),
      splits: try files.splits(nodeCount: classes.rowCount))
  }

  /// The relations by the files with two letters for a name, in order.
  private func relationNames() throws -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let names = files.compactMap { file -> String? in
      let parts = file.split(separator: ".")
      return parts.count > 1 && parts[0].count == 2 && parts[1] == "tsv" ? String(parts[0]) : nil
    }
    guard Set(names.joined()).contains(target) else {
      throw InputError(
        file: path,
        reason: names.isEmpty
          ? "the folder has no relations" : "no relation has a letter \(target)",
        expected: "files such as \(target)x.tsv, for the nodes of kind \(target) with classes")
    }
    return names.sorted()
  }

  private func classes(of files: GraphFiles) throws -> CSRMatrix {
    let file = try files.required("labels.txt")
    var classes: [[Int]] = []
    try GraphFiles.forEachLine(of: file) { (cursor, _, _) throws(LineFault) in
      classes.append([try cursor.integer(upTo: SVMLightFile.columnLimit, "a class")])
      try cursor.finish("the end of the line after a class")
    }
    guard let last = classes.joined().max() else {
      throw InputError(
        file: file, line: 1, reason: "the file is empty", expected: "a class for each node")
    }
    return CSRMatrix(rows: classes, columnCount: last + 1)
  }

  private func relation(_ name: String, of files: GraphFiles, counts: [Character: Int]) throws
    -> [(Int, Int)]
  {
    let limits = name.map { counts[$0] ?? SVMLightFile.columnLimit }
    var pairs: [(Int, Int)] = []
    var seen: Set<Int> = []
    try GraphFiles.forEachLine(of: files.required(name + ".tsv")) {
      (cursor, _, _) throws(LineFault) in
      let start = cursor.position
      let first = try cursor.node(below: limits[0])
      try cursor.skip("\t", "a tabulator and the second node")
      let second = try cursor.node(below: limits[1])
      try cursor.finish("the end of the line after two nodes")
      guard seen.insert(first << 32 | second).inserted else {
        throw LineFault(
          position: start, reason: "nodes \(first) and \(second) appear a second time",
          expected: "each pair once a relation")
      }
      pairs.append((first, second))
    }
    return pairs
  }

  private func dense(_ file: String) throws -> CSRMatrix {
    var (offsets, columns, values) = ([0] as [Int64], [] as [Int32], [] as [Float])
    var width: Int?
    try GraphFiles.forEachLine(of: file) { (cursor, _, _) throws(LineFault) in
      let first = values.count
      repeat {
        columns.append(Int32(values.count - first))
        values.append(try cursor.value())
      } while cursor.take("\t")
      try cursor.finish("a tabulator and a number, or the end of the line")
      let count = values.count - first
      guard count == width ?? count else {
        throw LineFault(
          reason: "the line has \(counted(count, "value"))",
          expected: "\(width ?? count), as the lines before")
      }
      width = count
      offsets.append(Int64(values.count))
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), values: MappedArray(values),
      columnCount: width ?? 0)
  }
}
