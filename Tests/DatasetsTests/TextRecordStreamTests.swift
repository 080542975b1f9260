import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct TextRecordStreamTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// All entries: `id|text|kept` of a record, the description of an error.
  private func entries(
    _ path: String, _ reading: DataReading = DataReading(), keeping columns: [String] = []
  ) throws -> [String] {
    let stream = try TextRecordStream(path, reading, keeping: columns)
    var all: [String] = []
    while let some = try stream.next() {
      #expect(!some.isEmpty)
      all += some.map {
        switch $0 {
        case .record(let record):
          "\(record.id ?? "-")|\(record.text)|" + record.kept.map(\.json).joined(separator: ",")
        case .bad(let error): "\(error)".replacing(path, with: "FILE")
        }
      }
    }
    return all
  }

  @Test func `reads records of each format`() throws {
    let csv = try folder.write(
      "id,title,body,queue\n7,\"a\nb\",c,vip\n8,\"say \"\"x\"\"\",,\n", to: "a.csv")
    #expect(
      try entries(csv, DataReading(text: "title,body"), keeping: ["queue", "ID"])
        == ["7|a\nb\nc|\"vip\",\"7\"", "8|say \"x\"|\"\",\"8\""])
    let jsonl = try folder.write(
      "{\"id\":7,\"text\":\"a\\nb\",\"n\":[1]}\n\n{\"id\":8,\"text\":\"cafe\u{301}\"}\n",
      to: "a.jsonl")
    #expect(try entries(jsonl, keeping: ["n"]) == ["7|a\nb|[1]", "8|caf\u{E9}|null"])
    let json = try folder.write("[{\"text\":\"a\"},\n {\"text\":\"b\"}]", to: "a.json")
    #expect(try entries(json) == ["-|a|", "-|b|"])
    let fast = try folder.write("__label__x a b\n__label__y c\n", to: "a.ft")
    #expect(try entries(fast) == ["-|a b|", "-|c|"])
  }

  @Test func `a bad record does not stop the others`() throws {
    let path = try folder.write(
      "{\"text\":\"a\"}\n{\"text\":1,}\n{\"other\":\"b\"}\n{\"text\":\"c\"}\n", to: "a.jsonl")
    let found = try entries(path)
    #expect(found.count == 4 && found[0] == "-|a|" && found[3] == "-|c|")
    #expect(found[1].hasPrefix("FILE:2:11: ") && found[2].hasPrefix("FILE:3: the record has no"))
    let csv = try folder.write("text,n\na,1\nb\nc,3\n", to: "a.csv")
    #expect(try entries(csv).map { $0.prefix(7) } == ["-|a|", "FILE:3:", "-|c|"])
  }

  @Test func `a missing column is refused with those that are there`() throws {
    let path = try folder.write("text,n\na,1\n", to: "a.csv")
    let error = #expect(throws: InputError.self) { try entries(path, keeping: ["m"]) }
    #expect(error?.description.contains("the column \"m\" to keep is missing") == true)
    #expect(error?.description.contains("\"text\", \"n\"") == true)
  }

  @Test func `records of a file come in batches with their lines`() throws {
    let lines = (0..<1000).map { $0 == 700 ? "{\n" : "{\"text\":\"t\($0)\"}\n" }
    let path = try folder.write(lines.joined(), to: "a.jsonl")
    let stream = try TextRecordStream(path, DataReading())
    #expect(try stream.next()?.count == 256)
    let found = try entries(path)
    #expect(found.count == 1000 && found[999] == "-|t999|" && found[700].hasPrefix("FILE:701:"))
  }

  /// Parts that arrive one by one, each with the number of records that it completes.
  private static let streams: [(ending: String, parts: [(String, Int)], texts: [String])] = [
    (
      "csv",
      [
        ("text,n\n", 0), ("\"a\n", 0), ("b\",1\nc", 1), (",2\n\"d", 1), ("\"\"\"", 0), (",3", 1),
      ], ["a\nb", "c", "d\""]
    ),
    (
      "jsonl",
      [("{\"text\":\"a\"}\n{\"te", 1), ("xt\":\"b\"}\n", 1), ("{\"text\":\"c\"}", 1)],
      ["a", "b", "c"]
    ),
    ("json", [("[{\"text\":\"a\"},\n", 0), ("{\"text\":\"b\"}]\n", 2)], ["a", "b"]),
  ]

  @Test(arguments: streams.indices)
  func `records of a pipe are read as they arrive`(number: Int) throws {
    let (ending, parts, texts) = Self.streams[number]
    let fifo = folder.file("fifo.\(ending)")
    #expect(mkfifo(fifo, 0o600) == 0)
    // Open for both, so that neither side waits for the other to open.
    let writer = open(fifo, O_RDWR | O_CLOEXEC)
    let stream = try TextRecordStream(fifo, DataReading(format: DataFormat(rawValue: ending)))
    var found: [String] = []
    for (index, (part, count)) in parts.enumerated() {
      #expect(write(writer, part, part.utf8.count) == part.utf8.count)
      // The last part ends with the pipe.
      if index == parts.count - 1 { close(writer) }
      var more = 0
      while more < count, let some = try stream.next() {
        for case .record(let record) in some { found.append(record.text) }
        more += some.count
      }
      #expect(more == count, "part \(index)")
    }
    #expect(try stream.next() == nil)
    #expect(found == texts)
  }

  @Test func `streams of other kinds are refused`() throws {
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let writer = open(fifo, O_RDWR | O_CLOEXEC)
    let packed: [UInt8] = [0x1F, 0x8B, 8, 0, 10, 200]
    let stream = try TextRecordStream(fifo, DataReading(format: .jsonl))
    #expect(write(writer, packed, packed.count) == packed.count)
    close(writer)
    let error = #expect(throws: InputError.self) { try stream.next() }
    #expect(error?.description.contains("gzip") == true)
  }

  @Test func `rows end outside quotation marks`() {
    func end(_ text: String, hasQuotes: Bool = true) -> Int {
      var ends = RowEnds(.csv, CSVDialect(separator: UInt8(ascii: ","), hasQuotes: hasQuotes))
      // Byte by byte, as a slow pipe.
      let bytes = Array(text.utf8)
      for count in 1...bytes.count {
        bytes[..<count].withUnsafeBytes { ends.look(at: $0, isAll: false) }
      }
      return ends.end
    }
    #expect(end("a,\"b\nc\"\nd") == 8)
    #expect(end("a,\"b\"\"\n\"\nd") == 9)
    // A quotation mark within a cell is a character.
    #expect(end("a,b\"\nc") == 5)
    #expect(end("a,\"b\nc", hasQuotes: false) == 5)
    #expect(end("abc") == 0)
  }
}
