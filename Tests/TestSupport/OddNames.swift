import Foundation
import Storage

/// Names that programs often mishandle.
public enum OddNames {
  /// Valid names, as users may write them.
  public static let taken = [
    "caf\u{E9}", "a=b=c", "a/b", "two\nlines\tand a tab\r\n", "back\\nslash", " ",
    "👩‍👩‍👧‍👦🇩🇪", String(repeating: "長", count: 3_400), "a\u{2028}b", "<b>&\"'</b>", "日本語",
    "\u{E01}\u{E49}", "-", "..", "%00", "\u{1100}\u{1161}\u{11A8}", "\u{30AB}\u{3099}",
  ]

  /// Names that readers reject.
  public static let refused = [
    "", "nul\0after", "\u{1B}[31mred", "back\u{8}space", "\u{7F}", "next\u{85}line",
  ]

  /// The name in the form that Decant returns.
  public static func read(_ name: String) -> String {
    name.precomposedStringWithCanonicalMapping
  }

  /// The name in Normalization Form D.
  public static func decomposed(_ name: String) -> String {
    name.decomposedStringWithCanonicalMapping
  }

  /// Whether two texts have the same bytes; Swift's `==` ignores the normal form.
  public static func areSame(_ left: some Sequence<String>, _ right: some Sequence<String>) -> Bool
  {
    left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
  }

  /// Writes the documents of a `SmallDataset` as a folder in which labels and documents have odd
  /// names; they are decomposed in `documents.jsonl` and `labels.jsonl`.
  ///
  /// - Returns: the labels and the documents, as a reader must return them.
  public static func writeDataset(to path: String) throws -> (labels: [String], documents: [String])
  {
    let rows = SmallDataset().rows
    func name(_ index: Int, _ prefix: String) -> String {
      index < taken.count ? taken[index] : "\(prefix)\(index)"
    }
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
    func write(_ file: String, _ lines: [String]) throws {
      try writeAtomically(lines.map { $0 + "\n" }.joined(), to: "\(path)/\(file).jsonl")
    }
    let labels = (0..<SmallDataset.labelCount).map { name($0, "label") }
    let documents = rows.indices.map { name($0, "d") }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try write(
      "documents",
      try zip(rows, documents).map { row, id in
        "{\"id\":\(try json(decomposed(id))),\"text\":\(try json(row.text))}"
      })
    try write("labels", try labels.map { "{\"id\":\(try json(decomposed($0)))}" })
    let count = rows.count * 4 / 5
    for (part, range) in [("train", 0..<count), ("test", count..<rows.count)] {
      try write(
        part,
        try range.map { index in
          let own = rows[index].labels.compactMap { Int($0.dropFirst(5)) }.map { labels[$0] }
          return "{\"id\":\(try json(documents[index])),\"labels\":\(try json(own))}"
        })
    }
    return (labels.map(read), documents.map(read))
  }
}
