import Foundation
import Storage

/// The text files of a folder with a graph, compressed or not.
struct GraphFiles {
  /// The folder.
  let path: String
  /// The files that the folder must have, for errors.
  let expected: String

  /// The path of the first of some files, compressed or not; nil if there is none.
  func optional(_ names: String...) -> String? {
    names.flatMap { name in ["", ".xz", ".gz", ".zst", ".bz2", ".lz4"].map { name + $0 } }
      .map { path + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// - Throws: `InputError` if there is none.
  func required(_ name: String) throws -> String {
    guard let found = optional(name) else {
      throw InputError(
        file: path, reason: "there is no \(name)", expected: "\(expected), compressed or not")
    }
    return found
  }

  /// Calls `body` with each line, and a cursor at its start.
  static func forEachLine(
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

  /// The names of `classes.tsv`; nil without such a file.
  func classNames() throws -> [String]? {
    guard let path = optional("classes.tsv") else { return nil }
    var names: [String] = []
    try Self.forEachLine(of: path) { (_, bytes, range) throws(LineFault) in
      let line = String(decoding: bytes[range], as: UTF8.self)
      let name = line.prefix { $0 != "\t" && $0 != "\r\n" && $0 != "\r" }
      guard !name.isEmpty else {
        throw LineFault(reason: "the line is empty", expected: "the name of class \(names.count)")
      }
      names.append(String(name))
    }
    return names
  }

  /// The splits of the nodes; empty without a file of splits.
  func splits(nodeCount: Int) throws -> [GraphDataset.Split] {
    if let path = optional("split.tsv", "splits.tsv") {
      return try namedSplits(path, nodeCount: nodeCount)
    }
    guard let path = optional("splits10.txt", "splits.txt") else { return [] }
    return try letterSplits(path, nodeCount: nodeCount)
  }

  private func namedSplits(_ path: String, nodeCount: Int) throws -> [GraphDataset.Split] {
    var order: [String] = []
    var splits: [String: GraphDataset.Split] = [:]
    var seen: [String: Set<Int>] = [:]
    try Self.forEachLine(of: path) { (cursor, bytes, range) throws(LineFault) in
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
    try Self.forEachLine(of: path) { (cursor, bytes, range) throws(LineFault) in
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
  mutating func node(below count: Int) throws(LineFault) -> Int {
    try integer(upTo: count - 1, "a node")
  }
}
