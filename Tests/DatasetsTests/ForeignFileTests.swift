import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct ForeignFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The first line of a file, and how the error has to call it.
  static let files: [(bytes: [UInt8], words: String)] =
    [
      ("3 4 2\n0 0:1 1:1\n", "svmlight"), ("0,1 3:0.5 7:1\n", "svmlight"),
      ("<corpus>\n", "XML"), ("the printer is broken\n", "plain text"),
      ("PK\u{3}\u{4}rest", "ZIP"), ("PAR1rest", "Parquet"), ("%PDF-1.4", "PDF"),
    ].map { (Array($0.0.utf8), $0.1) }

  /// Formats that texts with labels are read from, but not lines that only have JSON objects.
  static let others: [(bytes: [UInt8], words: String)] =
    [
      ("text,labels\n\"the printer\",\"printing\"\n", "CSV"),
      ("the printer is broken\t<http://example.org/p1>\n", "Annif"),
      ("printing\tthe printer is broken\n", "TSV"),
      ("__label__printing the printer is broken\n", "fastText"),
      ("[\n {\"text\": \"a\", \"labels\": [\"x\"]}\n]\n", "a JSON array"),
      ("{\n \"text\": \"a\", \"labels\": [\"x\"]\n}\n", "over several lines"),
      ("{\u{0}\"\u{0}t\u{0}", "UTF-16LE"), ("\u{0}{\u{0}\"\u{0}t", "UTF-16BE"),
    ].map { (Array($0.0.utf8), $0.1) }
    + [
      ([0x1F, 0x8B, 8, 0], "gzip -dc"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz -dc"),
      ([0xFF, 0xFE, 0x7B, 0], "UTF-16"), ([0x28, 0xB5, 0x2F, 0xFD, 1], "Zstandard"),
    ]

  @Test(arguments: files)
  func `names the format of a foreign file`(bytes: [UInt8], words: String) throws {
    let path = try folder.write(Data(bytes), to: "other.jsonl")
    for policy in [BadLinePolicy.refuse, .skip] {
      let error = try #require(throws: InputError.self) { try Dataset.read(path, badLines: policy) }
      #expect("\(error)".contains(words), "\(error)")
      #expect(policy == .skip || error.line == 1)
    }
  }

  @Test(arguments: files + others)
  func `names the format of foreign feedback`(bytes: [UInt8], words: String) throws {
    let path = try folder.write(Data(bytes), to: "other.jsonl")
    let error = try #require(throws: InputError.self) { try FeedbackFile(contentsOf: path) }
    #expect("\(error)".contains(words), "\(error)")
    #expect(error.expected?.contains("one JSON object per line: {") == true)
  }

  @Test func `skips a byte order mark`() throws {
    let lines = (0..<20).map { "{\"text\":\"t\($0)\",\"labels\":[\"x\"]}\n" }.joined()
    let plain = try folder.write(lines, to: "plain.jsonl")
    let marked = try folder.write("\u{FEFF}" + lines, to: "marked.jsonl")
    for policy in [BadLinePolicy.refuse, .skip] {
      let (one, two) = (
        try Dataset.read(plain, badLines: policy), try Dataset.read(marked, badLines: policy)
      )
      #expect(two.skipped.count == 0 && two.documents.count == 20)
      #expect(two.train == one.train && two.documents.texts?[0] == "t0")
    }
    let bad = try folder.write("\u{FEFF}{\"text\":7}\n", to: "bad.jsonl")
    let error = try #require(throws: InputError.self) { try Dataset.read(bad) }
    #expect(error.line == 1 && error.column == 9, "\(error)")
  }

  @Test func `reports a file whose lines are all malformed`() throws {
    let path = try folder.write("{\"text\":\"a\"}\n\n{\"text\":\"b\"}\n", to: "all.jsonl")
    let error = try #require(throws: InputError.self) { try Dataset.read(path, badLines: .skip) }
    #expect(error.reason.hasPrefix("all 2 lines are bad; the first: the record has no \"labels\""))
    let one = try folder.write("rubbish\n", to: "one.jsonl")
    let only = try #require(throws: InputError.self) { try Dataset.read(one, badLines: .skip) }
    #expect(only.reason.contains("the only line is bad") && only.reason.contains("plain text"))
  }

  @Test func `skips a malformed first line`() throws {
    let good = (0..<9).map { "{\"text\":\"t\($0)\",\"labels\":[\"x\"]}\n" }.joined()
    let path = try folder.write("text,labels\n" + good, to: "mixed.jsonl")
    let data = try Dataset.read(path, badLines: .skip)
    #expect(data.skipped.count == 1 && data.documents.count == 9)
  }

  @Test func `accepts integer names and a single label without brackets`() throws {
    let path = try folder.write(
      """
      {"id":7,"text":"a b","labels":[3,"x"]}
      {"id":"8","text":"c d","label":"x"}
      {"id":9,"text":"e f","label":[3]}
      {"id":10,"text":"g h","labels":"x","label":{"not":"looked at"}}
      """, to: "numbers.jsonl")
    let data = try LabelledTextFile.readWhole(path)
    #expect(Array(data.documents.ids) == ["7", "8", "9", "10"])
    #expect(Array(data.labels.ids) == ["3", "x"])
    #expect(data.train.count == 0)
    #expect(data.test?.labels == CSRMatrix(rows: [[0, 1], [1], [0], [1]], columnCount: 2))
  }

  @Test func `a whole file keeps rare labels and empty documents`() throws {
    let path = try folder.write(
      (0..<50).map { "{\"text\":\"t\($0)\",\"labels\":[\"l\($0)\"]}\n" }.joined()
        + "{\"text\":\"none\",\"labels\":[]}\n", to: "whole.jsonl")
    let (whole, split) = (try LabelledTextFile.readWhole(path), try Dataset.read(path))
    #expect(whole.test?.count == 51 && whole.labels.count == 50)
    #expect(split.labels.count < 50)
    #expect(whole.contentHash == split.contentHash)
    let none = try folder.write("{\"text\":\"none\",\"labels\":[]}\n", to: "none.jsonl")
    #expect(throws: InputError.self) { try LabelledTextFile.readWhole(none) }
  }

  @Test func `every key of a description is optional`() throws {
    let path = try SmallDataset(documents: 10).write(to: folder.file("data"))
    try writeAtomically("{\"propensity\":{\"a\":0.5,\"b\":0.4}}", to: "\(path)/dataset.json")
    let description = try Dataset.read(path).description
    #expect(description.name == "data" && description.propensity == .init(a: 0.5, b: 0.4))
    try writeAtomically("{\"name\":7}", to: "\(path)/dataset.json")
    let error = try #require(throws: InputError.self) { try Dataset.read(path) }
    #expect(error.reason == "name is of another kind")
    try writeAtomically("{", to: "\(path)/dataset.json")
    let broken = try #require(throws: InputError.self) { try Dataset.read(path) }
    #expect(broken.reason.hasPrefix("not JSON") && !broken.reason.contains("DecodingError"))
  }
}
