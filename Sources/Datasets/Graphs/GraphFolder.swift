import Foundation
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
    let names = try classNames()
    let rows = try GraphRows(reading: required(["nodes.svm"]), classNames: names)
    let count = rows.features.rowCount
    return GraphDataset(
      graph: try edges(nodeCount: count), features: rows.features, classes: rows.classes,
      classNames: names ?? (0..<rows.classes.columnCount).map(String.init),
      splits: try splits(nodeCount: count))
  }

  /// The path of the first of some files, compressed or not; nil if there is none.
  private func optional(_ names: [String]) -> String? {
    names.flatMap { name in ["", ".xz", ".gz", ".zst", ".bz2", ".lz4"].map { name + $0 } }
      .map { path + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }

  private func required(_ names: [String]) throws -> String {
    guard let found = optional(names) else {
      throw InputError(
        file: path, reason: "there is no \(names.joined(separator: " or "))",
        expected: "nodes.svm and edges.tsv, compressed or not")
    }
    return found
  }

  private func forEachLine(
    of path: String,
    _ body: (inout SVMLightCursor, UnsafeRawBufferPointer, Range<Int>)
      throws(LineFault) -> Void
  ) throws {
    let reader = LineReader(file: try PackedFile.open(path), policy: .refuse, name: path)
    var skipped = SkippedLines()
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      var cursor = SVMLightCursor(bytes, in: range)
      try body(&cursor, bytes, range)
    }
  }

  private func classNames() throws -> [String]? {
    guard let path = optional(["classes.tsv"]) else { return nil }
    var names: [String] = []
    try forEachLine(of: path) { (_, bytes, range) throws(LineFault) in
      let line = String(decoding: bytes[range], as: UTF8.self)
      let name = line.prefix { $0 != "\t" && $0 != "\r\n" && $0 != "\r" }
      guard !name.isEmpty else {
        throw LineFault(reason: "the line is empty", expected: "the name of class \(names.count)")
      }
      names.append(String(name))
    }
    return names
  }

  private func edges(nodeCount: Int) throws -> Graph {
    var edges: [(source: Int, target: Int)] = []
    try forEachLine(of: required(["edges.tsv"])) { (cursor, _, _) throws(LineFault) in
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

  private func splits(nodeCount: Int) throws -> [GraphDataset.Split] {
    if let path = optional(["split.tsv", "splits.tsv"]) {
      return try namedSplits(path, nodeCount: nodeCount)
    }
    guard let path = optional(["splits10.txt", "splits.txt"]) else { return [] }
    return try letterSplits(path, nodeCount: nodeCount)
  }

  private func namedSplits(_ path: String, nodeCount: Int) throws -> [GraphDataset.Split] {
    var order: [String] = []
    var splits: [String: GraphDataset.Split] = [:]
    var seen: [String: Set<Int>] = [:]
    try forEachLine(of: path) { (cursor, bytes, range) throws(LineFault) in
      let start = cursor.position
      let name = bytes[range].prefix { $0 != 0x09 }
      let words = String(decoding: name, as: UTF8.self).split(
        separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
      let key = words.count > 1 ? String(words[1]) : ""
      guard
        let part: WritableKeyPath<GraphDataset.Split, [Int]> = [
          "train": \.train, "val": \.validation, "validation": \.validation, "valid": \.validation,
          "test": \.test,
        ][words[0].lowercased()]
      else {
        throw LineFault(
          position: start, reason: "the part is \"\(String(decoding: name, as: UTF8.self))\"",
          expected: "train, validation or test, and a tabulator")
      }
      cursor.advance(by: name.count)
      try cursor.skip("\t", "a tabulator and a node")
      let place = cursor.position
      let node = try cursor.node(below: nodeCount)
      try cursor.finish("the end of the line after a node")
      guard seen[key, default: []].insert(node).inserted else {
        throw LineFault(
          position: place, reason: "node \(node) is in a part of this split already",
          expected: "each node in one part")
      }
      if splits[key] == nil { order.append(key) }
      splits[key, default: .init()][keyPath: part].append(node)
    }
    return order.compactMap { splits[$0] }
  }

  private func letterSplits(_ path: String, nodeCount: Int) throws -> [GraphDataset.Split] {
    var splits: [GraphDataset.Split] = []
    var node = 0
    try forEachLine(of: path) { (cursor, bytes, range) throws(LineFault) in
      let letters = bytes[range].filter { $0 != 0x0D }
      if node == 0 { splits = letters.map { _ in .init() } }
      guard letters.count == splits.count, node < nodeCount else {
        throw LineFault(
          reason: node < nodeCount
            ? "the line has \(counted(letters.count, "letter"))"
            : "there are more lines than the \(nodeCount) nodes",
          expected: "a line for each node, with \(counted(splits.count, "letter"))")
      }
      for (number, letter) in letters.enumerated() {
        switch letter {
        case UInt8(ascii: "T"): splits[number].train.append(node)
        case UInt8(ascii: "V"): splits[number].validation.append(node)
        case UInt8(ascii: "E"): splits[number].test.append(node)
        case UInt8(ascii: "-"): break
        default:
          throw LineFault(
            position: range.lowerBound + number,
            reason: "the letter is \"\(String(decoding: [letter], as: UTF8.self))\"",
            expected: "T for train, V for validation, E for test or - for none")
        }
      }
      node += 1
    }
    guard node == nodeCount else {
      throw InputError(
        file: path, line: node + 1, reason: "the file ends after \(counted(node, "node"))",
        expected: "a line for each of the \(nodeCount) nodes")
    }
    return splits
  }
}

extension SVMLightCursor {
  fileprivate mutating func node(below count: Int) throws(LineFault) -> Int {
    try integer(upTo: count - 1, "a node")
  }
}

/// The rows of `nodes.svm`: classes and features without a header.
private struct GraphRows {
  var features: CSRMatrix
  var classes: CSRMatrix

  init(reading path: String, classNames: [String]?) throws {
    let file = try PackedFile.open(path)
    // A number far beyond the file's size would cost memory without naming anything.
    let limit = max(SVMLightFile.columnLimit, file.count)
    let reader = LineReader(file: file, policy: .refuse, name: path)
    var skipped = SkippedLines()
    var (classOffsets, classColumns) = ([0] as [Int64], [] as [Int32])
    var (offsets, columns, values) = ([0] as [Int64], [] as [Int32], [] as [Float])
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      var cursor = SVMLightCursor(bytes, in: range)
      var own: [Int32] = []
      if cursor.take("-") {
        _ = cursor.take("1")
      } else if !cursor.isAtSpaceOrEnd {
        repeat {
          let start = cursor.position
          let number = try cursor.integer(upTo: limit, "a class")
          if let classNames, number >= classNames.count {
            throw LineFault(
              position: start, reason: "class \(number) has no name",
              expected: "one of the \(classNames.count) classes of classes.tsv, from 0")
          }
          guard !own.contains(Int32(number)) else {
            throw LineFault(
              position: start, reason: "class \(number) appears a second time",
              expected: "each class once a node")
          }
          own.append(Int32(number))
        } while cursor.take(",")
      }
      let first = columns.count
      var seen: Set<Int32> = []
      while try cursor.skipSpaces() {
        let start = cursor.position
        let column = Int32(try cursor.integer(upTo: limit, "a feature"))
        try cursor.skip(":", "a colon and the feature's value")
        let value = try cursor.value()
        let rises = columns.count == first || columns[columns.count - 1] < column
        if !rises, seen.isEmpty { seen = Set(columns[first...]) }
        guard rises && seen.isEmpty || seen.insert(column).inserted else {
          throw LineFault(
            position: start, reason: "feature \(column) appears a second time",
            expected: "each feature once a node")
        }
        columns.append(column)
        values.append(value)
      }
      classColumns += own
      classOffsets.append(Int64(classColumns.count))
      offsets.append(Int64(columns.count))
    }
    guard offsets.count > 1 else {
      throw InputError(
        file: path, line: 1, reason: "the file is empty", expected: "a line for each node")
    }
    features = CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), values: MappedArray(values),
      columnCount: columns.max().map { Int($0) + 1 } ?? 0)
    classes = CSRMatrix(
      rowOffsets: MappedArray(classOffsets), columns: MappedArray(classColumns),
      columnCount: classNames?.count ?? classColumns.max().map { Int($0) + 1 } ?? 0)
  }
}
