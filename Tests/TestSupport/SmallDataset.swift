public import Foundation
import Storage

/// A data set that a model can learn: each label has four specific words, and a document has some
/// of those of its labels among filler words.
public struct SmallDataset: Sendable {
  /// One document.
  public struct Row: Encodable, Sendable {
    /// Its words.
    public var text: String
    /// Its labels.
    public var labels: [String]
  }

  /// The number of labels.
  public static let labelCount = 20
  /// The documents, four fifths of them for training.
  public var rows: [Row]
  /// The number of rows for training.
  public var trainCount: Int { rows.count * 4 / 5 }

  /// Generates the documents.
  public init(documents: Int = 300) {
    var random = SplitMix64(5)
    rows = (0..<documents).map { index in
      let labels = (0..<Self.labelCount).shuffled(using: &random).prefix(1 + index % 3)
      let words =
        labels.flatMap { label in
          (0..<4).map { _ in Self.word(of: label, Int.random(in: 0..<4, using: &random)) }
        } + (0..<6).map { _ in "filler\(Int.random(in: 0..<40, using: &random))" }
      return Row(
        text: words.shuffled(using: &random).joined(separator: " "),
        labels: labels.map { "label\($0)" })
    }
  }

  /// One of a label's specific words.
  public static func word(of label: Int, _ number: Int) -> String { "word\(label)x\(number)" }

  /// Writes the data set's folder.
  ///
  /// - Parameter parts: the splits to write, of train, validation and test.
  @discardableResult
  public func write(to path: String, parts: Set<String> = ["train", "test"]) throws -> String {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    func write(_ name: String, _ lines: [String]) throws {
      try writeAtomically(lines.map { $0 + "\n" }.joined(), to: "\(path)/\(name).jsonl")
    }
    func split(_ range: Range<Int>) throws -> [String] {
      try range.map { index in
        "{\"id\":\"d\(index)\",\"labels\":\(try json(rows[index].labels))}"
      }
    }
    try write(
      "documents",
      try rows.indices.map { "{\"id\":\"d\($0)\",\"text\":\(try json(rows[$0].text))}" })
    try write(
      "labels",
      (0..<Self.labelCount).map { label in
        let text = (0..<4).map { Self.word(of: label, $0) }.joined(separator: " ")
        return "{\"id\":\"label\(label)\",\"text\":\"\(text)\"}"
      })
    if parts.contains("train") { try write("train", split(0..<trainCount)) }
    if parts.contains("validation") { try write("validation", split(0..<(trainCount / 8))) }
    if parts.contains("test") { try write("test", split(trainCount..<rows.count)) }
    return path
  }

  /// Writes the same documents as a single file.
  @discardableResult
  public func writeSingleFile(to path: String) throws -> String {
    try writeAtomically(try rows.map { try json($0) + "\n" }.joined(), to: path)
    return path
  }

  private func json(_ value: some Encodable) throws -> String {
    String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
  }
}

/// Options that make training on a `SmallDataset` take a moment.
public let quickly = [
  "--threads", "1", "--dimension", "16", "--batch-size", "32", "--learning-rate", "0.05",
  "--table-learning-rate", "0.1",
]

/// The contents of a file.
public func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

/// The names in a folder, sorted; empty if it does not exist.
public func names(in folder: String) throws -> [String] {
  guard FileManager.default.fileExists(atPath: folder) else { return [] }
  return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
