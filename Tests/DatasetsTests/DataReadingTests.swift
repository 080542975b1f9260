import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

/// Every format, encoding and packing gives the same data set.
@Suite struct DataReadingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Records that every format can hold.
  static let rows: [(id: String, text: String, labels: [String])] = (0..<40).map { index in
    (
      "d\(index)", "text number \(index) of the printer; \"quoted\", caf\u{e9}",
      index % 5 == 4 ? [] : index % 3 == 0 ? ["a", "b c"] : ["c\(index % 4)"]
    )
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  private static func json(_ text: String) -> String { JSONValue.string(text).json }

  private static func object(_ row: (id: String, text: String, labels: [String])) -> String {
    "{\"id\": \(json(row.id)), \"text\": \(json(row.text)), "
      + "\"labels\": [\(row.labels.map(json).joined(separator: ", "))]}"
  }

  static let files: [(name: String, content: String)] = [
    ("plain.jsonl", rows.map { object($0) + "\n" }.joined()),
    ("array.json", "[\n" + rows.map(object).joined(separator: ",\n") + "\n]\n"),
    (
      "objects.json", rows.map { object($0).replacing(", \"text\"", with: ",\n \"text\"") }.joined()
    ),
    (
      "objects.jsonl",
      rows.map { row in
        "{\"_id\":\(json(row.id)),\"body\":\(json(row.text)),\"tags\":["
          + row.labels.map { "{\"uri\":\(json($0)),\"label\":\"x\"}" }.joined(separator: ",")
          + "],\"score\":NaN}\r\n"
      }.joined()
    ),
    (
      "comma.csv",
      "id,text,labels\r\n"
        + rows.map {
          "\($0.id),\(quoted($0.text)),\($0.labels.joined(separator: "|"))\r\n"
        }.joined()
    ),
    (
      "semicolon.csv",
      "labels;text;id\n"
        + rows.map {
          "\($0.labels.isEmpty ? "" : "\"[" + $0.labels.map { "'\($0)'" }.joined(separator: ", ") + "]\"");"
            + "\(quoted($0.text));\($0.id)\n"
        }.joined()
    ),
    (
      "raw.tsv",
      "uid\tcontent\tcategories\n"
        + rows.map { "\($0.id)\t\($0.text)\t\($0.labels.joined(separator: ";"))\n" }.joined()
    ),
  ]

  /// The contents of a data set, without the names that some formats cannot hold.
  private static func content(_ data: Dataset) -> [String] {
    let names = Array(data.labels.ids)
    func rows(_ split: Split?, _ part: String) -> [String] {
      guard let split else { return [] }
      return (0..<split.count).map { row in
        let document = Int(split.documentIndices[row])
        let labels = split.labels.columns(ofRow: row).map { names[Int($0)] }
        return "\(part) \(data.documents.ids[document]) \(data.documents.texts?[document] ?? "") "
          + labels.joined(separator: "|")
      }
    }
    return names + rows(data.train, "train") + rows(data.validation, "validation")
      + rows(data.test, "test")
  }

  @Test(arguments: files.dropFirst().map(\.name))
  func `every format gives the same data set`(name: String) throws {
    for (name, content) in Self.files { try folder.write(content, to: name) }
    let plain = try Dataset.read(folder.file(Self.files[0].name))
    #expect(plain.notes.isEmpty && plain.documents.count == 40)
    let other = try Dataset.read(folder.file(name))
    #expect(Self.content(other) == Self.content(plain))
    #expect(other.notes.count == 1, "\(other.notes)")
  }

  @Test func `records on one line have separate names`() throws {
    let text =
      "[{\"text\":\"a b\",\"label\":\"x\"},{\"text\":\"c\",\"label\":\"y\"},\n"
      + "{\"text\":\"d\",\"label\":\"y\"}]"
    let data = try Dataset.read(folder.write(text, to: "one.json"))
    #expect(Array(data.documents.ids) == ["1", "1.2", "2"])
  }

  @Test(arguments: [
    "N-7\tno connection\nN-12\tpaper jam\n",
    "one\twhen will my new card arrive at home\ntwo\tpaper jam\n",
    // Columns are named by their numbers.
    "one\tno connection\ntwo\tpaper jam\n",
  ])
  func `a first row that is like the others is not a header`(table: String) throws {
    let rows = zip(table.split(separator: "\n"), ["network", "printing"]).map { "\($0)\t\($1)\n" }
    let data = try Dataset.read(
      folder.write(rows.joined(), to: "rows.tsv"), DataReading(text: "2", label: "3"))
    #expect(data.documents.count == 2)
    let named = try Dataset.read(
      folder.write("name\twords\tkind\n" + rows[1], to: "named.tsv"),
      DataReading(text: "words", label: "kind"))
    #expect(named.documents.count == 1)
  }

  @Test func `lines of labels give the same texts and labels`() throws {
    let fastText = Self.rows.map { row in
      row.labels.map { "__label__" + $0.replacing(" ", with: "_") + " " }.joined() + row.text + "\n"
    }.joined()
    let annif = Self.rows.map { row in
      row.text + "\t"
        + row.labels.map { "<http://x/" + $0.replacing(" ", with: "_") + ">" }
        .joined(separator: " ") + "\n"
    }.joined()
    for (name, content, prefix) in [("a.txt", fastText, ""), ("b.tsv", annif, "http://x/")] {
      let data = try LabelledTextFile.readWhole(folder.write(content, to: name))
      #expect(data.documents.texts.map(Array.init) == Self.rows.map(\.text), "\(name)")
      let test = try #require(data.test)
      for (row, expected) in Self.rows.enumerated() {
        let labels = test.labels.columns(ofRow: row).map { data.labels.ids[Int($0)] }
        #expect(labels == expected.labels.map { prefix + $0.replacing(" ", with: "_") })
      }
    }
  }

  @Test func `every encoding and packing gives the same data set`() throws {
    let csv = Self.files[4].content
    let plain = try Dataset.read(folder.write(csv, to: "plain.csv"))
    func same(_ path: String, _ words: String, encoding: TextEncoding? = nil) throws {
      let other = try Dataset.read(path, DataReading(encoding: encoding))
      #expect(Self.content(other) == Self.content(plain), "\(path)")
      #expect(other.notes[0].contains(words), "\(other.notes)")
      #expect(other.contentHash == plain.contentHash)
    }
    let marked = "\u{FEFF}" + csv
    try same(folder.write(marked, to: "marked.csv"), "CSV")
    for (name, encoding) in [
      ("le", String.Encoding.utf16LittleEndian), ("be", .utf16BigEndian),
    ] {
      let bytes = try #require(csv.data(using: encoding))
      try same(folder.write(bytes, to: "\(name).csv"), "UTF-16")
      let withMark = try #require(marked.data(using: encoding))
      try same(folder.write(withMark, to: "\(name)-marked.csv"), "UTF-16")
    }
    let latin = try #require(csv.data(using: .windowsCP1252))
    try same(folder.write(latin, to: "latin.csv"), "Windows-1252")
    try same(folder.file("latin.csv"), "Windows-1252", encoding: .windows1252)
    for packing in PackedFile.Packing.allCases {
      guard let tool = Subprocess.path(of: packing.tool) else {
        print("\(packing.tool) is not here: .\(packing.rawValue) files are not tested")
        continue
      }
      let outcome = try Subprocess(path: tool, arguments: ["-c", folder.file("plain.csv")]).run()
      let bytes = outcome.output.withBytes { Data($0) }
      // By the first bytes, and by the name too.
      try same(folder.write(bytes, to: "packed-\(packing.rawValue).csv"), packing.tool)
      try same(folder.write(bytes, to: "plain.csv.\(packing.rawValue)"), packing.tool)
      let damaged = try folder.write(bytes.dropLast(9), to: "damaged.csv.\(packing.rawValue)")
      let error = #expect(throws: InputError.self) { try Dataset.read(damaged) }
      #expect(error?.reason.contains("cannot be unpacked") == true && error?.file == damaged)
    }
  }

  @Test func `windows-1252 has its own quotation marks and the euro`() throws {
    let path = try folder.write(
      Data("text,label\nprice 5 \u{20}".utf8) + Data([0x80, 0x20, 0x93, 0x78, 0x94])
        + Data(",x\n".utf8),
      to: "euro.csv")
    let data = try LabelledTextFile.readWhole(path)
    #expect(data.documents.texts?[0] == "price 5  \u{20AC} \u{201C}x\u{201D}")
  }

  @Test func `a fault in UTF-8 is not another encoding`() throws {
    // Two bytes of a character are UTF-8, so a single one is a fault.
    let bad = Data("text,label\ncaf\u{e9},x\nbad ".utf8) + Data([0xFF]) + Data(",x\n".utf8)
    let path = try folder.write(bad, to: "bad.csv")
    let error = try #require(throws: InputError.self) { try Dataset.read(path) }
    #expect(error.line == 3 && error.column == 5 && error.reason.contains("0xFF"), "\(error)")
    #expect(try LabelledTextFile.readWhole(path, badLines: .skip).documents.count == 1)
    // Most bytes of a text in KOI8-R or Shift JIS are not ASCII.
    let other = try folder.write(
      Data("text,label\n".utf8) + Data((0..<40).map { 0xC0 + $0 }) + Data(",x\n".utf8), to: "k.csv")
    #expect(throws: InputError.self) { try Dataset.read(other) }
  }

  @Test func `reads standard formats of numbers, lists and missing values`() throws {
    let path = try folder.write(
      """
      {"text": "a b", "label": 3}
      {"text": "c d", "labels": null}
      {"text": "e f", "label": NaN, "more": Infinity}
      {"text": "g h", "labels": ["x", null, 7]}
      {"text": "i j", "label": ""}
      """, to: "odd.jsonl")
    let data = try LabelledTextFile.readWhole(path)
    #expect(Array(data.labels.ids) == ["3", "x", "7"])
    #expect(data.test?.labels == CSRMatrix(rows: [[0], [], [], [1, 2], []], columnCount: 3))
    let separated = try LabelledTextFile.readWhole(
      folder.write("{\"text\":\"a\",\"labels\":\"x;y;x\"}\n", to: "s.jsonl"),
      DataReading(separator: ";"))
    #expect(Array(separated.labels.ids) == ["x", "y"])
  }

  @Test func `joins the columns of the text and keeps the others`() throws {
    let path = try folder.write(
      "title,body,queue,customer,date\nA,\"one\ntwo\",q1,c7,2026-01-02\nB,,q2,c8,2026-01-03\n",
      to: "t.csv")
    let reading = DataReading(text: "title,body", label: "Queue")
    let data = try LabelledTextFile.readWhole(path, reading)
    #expect(data.documents.texts.map(Array.init) == ["A\none\ntwo", "B"])
    #expect(Array(data.documents.ids) == ["2", "4"])
    #expect(
      data.documents.metadata?[1].map { "\($0.name)=\($0.text)" } == [
        "customer=c8", "date=2026-01-03",
      ])
    let titles = try LabelledTextFile.readWhole(path, DataReading(text: "title", label: "queue"))
    #expect(titles.documents.metadata?.text(of: "body", at: 0) == "one\ntwo")
    // The folder keeps them.
    try DatasetFolder.write(data, to: folder.file("d"))
    let copy = try DatasetFolder.read(folder.file("d"))
    #expect(copy.documents.metadata?.text(of: "customer", at: 0) == "c7")
  }

  @Test func `metadata of lines of JSON keep their values`() throws {
    let path = try folder.write(
      """
      {"text": "a", "labels": ["x"]}
      {"text": "b", "labels": ["x"], "n": 12345678901234567890, "o": {"k": [1, null]}, "s": "\\u00e9"}
      """, to: "m.jsonl")
    let metadata = try #require(LabelledTextFile.readWhole(path).documents.metadata)
    #expect(metadata[0].isEmpty && metadata[2].isEmpty)
    #expect(metadata[1].map(\.text) == ["12345678901234567890", "{\"k\": [1, null]}", "\u{e9}"])
  }

  @Test(
    arguments: [
      ("a,b\nx,y\nz,w\n", "no column is known as the text", "a"),
      (
        "body,content,label\nx,y,z\n", "both \"body\" and \"content\" may be the text",
        "--text body,content"
      ),
      ("text,category,topic\nx,y,z\n", "may be the label", "--label category"),
      ("text,a,b\nx,y,z\n", "no column is known as the labels", "\"a\" (y)"),
      ("text,text\nx,y\n", "\"text\" appears a second time", "different name"),
      ("text,label\n", "there are no records", "CSV"), ("", "there are no records", "labels"),
      ("text,label\nx,\"y\nz,w\n", "the quotation mark is not closed", ":2:3:"),
      ("text,label\nx,\"y\" z\n", "text after the closing quotation mark", ":2:6:"),
      ("text,label\na,b\nx,y,z\n", "the row has 3 cells", ":3:5:"),
      ("text,label\na,b\n\nx\n", "the row has 1 cell", ":4:1:"),
      ("text,label\na,b\n\"x\ny\",\u{1}\n", "control character", ":3:"),
    ])
  func `refuses an unclear table`(content: String, reason: String, words: String) throws {
    let path = try folder.write(content, to: "t.csv")
    let error = try #require(throws: InputError.self) { try Dataset.read(path) }
    #expect(error.reason.contains(reason) && error.file == path, "\(error)")
    #expect("\(error)".contains(words), "\(error)")
  }

  @Test func `skips bad rows and counts them`() throws {
    let path = try folder.write(
      "id,text,label\n1,a,x\n2,b,x,y\n1,c,x\n4,d,\u{1}\n5,e,z\n", to: "t.csv")
    let data = try LabelledTextFile.readWhole(path, badLines: .skip)
    #expect(Array(data.documents.ids) == ["1", "5"] && Array(data.labels.ids) == ["x", "z"])
    #expect(data.skipped.first.map(\.line) == [3, 4, 5])
    #expect(data.skipped.first.allSatisfy { $0.file == path })
    let error = try #require(throws: InputError.self) {
      try LabelledTextFile.readWhole(
        folder.write("text,label\na,x\n\"b,x\n", to: "q.csv"), badLines: .skip)
    }
    #expect(error.line == 3 && error.reason.contains("not closed"))
  }

  @Test func `names the position of a fault within JSON over several lines`() throws {
    let path = try folder.write("[\n{\"text\": \"a\",\n \"labels\": [x]}]\n", to: "a.json")
    let error = try #require(throws: InputError.self) { try Dataset.read(path) }
    #expect(error.line == 3 && error.column == 13, "\(error)")
    for (content, words) in [
      ("[{\"text\":\"a\",\"label\":\"b\"}", "does not go on"), ("[1]", "the record is 1"),
      ("[{\"text\":\"a\",\"label\":\"b\"}] x", "more text"),
      ("[{\"text\":{},\"label\":\"b\"}]", "is an object"),
      ("[{\"text\":\"a\",\"label\":[{}]}]", "has no name"),
    ] {
      let error = try #require(throws: InputError.self) {
        try LabelledTextFile.readWhole(folder.write(content, to: "b.json"))
      }
      #expect(error.reason.contains(words), "\(error)")
    }
  }

  @Test func `guesses the header of a table`() throws {
    func names(_ content: String, _ reading: DataReading = DataReading()) throws -> [String] {
      try CSVFormat(
        InputFile(folder.write(content, to: "h.csv")), reading, isTSV: false
      ).names
    }
    #expect(try names("Text;Label\na;b\n") == ["Text", "Label"])
    #expect(try names("spam,hello there\nham,how are you\nspam,win\n") == ["1", "2"])
    #expect(try names("7,hello there\n8,how are you\n") == ["1", "2"])
    #expect(try names("x,y\na,b\n", DataReading(header: false)) == ["1", "2"])
    #expect(try names(",text,label\n0,a,b\n") == ["column 1", "text", "label"])
    let data = try LabelledTextFile.readWhole(
      folder.write("spam|win a prize\nham|how are you\nspam|win\n", to: "n.csv"))
    #expect(data.documents.texts?[1] == "how are you" && Array(data.labels.ids) == ["spam", "ham"])
    let return_ = try LabelledTextFile.readWhole(
      folder.write("text,label\ra,b\rc,d\r", to: "mac.csv"))
    #expect(return_.documents.texts.map(Array.init) == ["a", "c"])
  }

  @Test func `reads an Annif corpus of full texts`() throws {
    let corpus = folder.file("corpus")
    try FileManager.default.createDirectory(atPath: corpus, withIntermediateDirectories: true)
    try folder.write("one\nlong text\n", to: "corpus/a.txt")
    try folder.write("cats\ndogs\n\ncats\n", to: "corpus/a.key")
    try folder.write("two", to: "corpus/b.txt")
    try folder.write("<http://x/1>\tcats\n<http://x/2>\tdogs\n", to: "corpus/b.tsv")
    try folder.write("three", to: "corpus/c.txt")
    let data = try LabelledTextFile.readWhole(corpus)
    #expect(Array(data.documents.ids) == ["a", "b", "c"])
    #expect(data.documents.texts?[0] == "one\nlong text")
    #expect(Array(data.labels.ids) == ["cats", "dogs", "http://x/1", "http://x/2"])
    try folder.write("cats\n", to: "corpus/b.tsv")
    let error = try #require(throws: InputError.self) { try LabelledTextFile.readWhole(corpus) }
    #expect(error.file.hasSuffix("b.tsv") && error.line == 1)
  }

  @Test func `a long line and bytes of no text are read or refused in time`() throws {
    let long = String(repeating: "word ", count: 400_000)
    let data = try LabelledTextFile.readWhole(
      folder.write("text,label\n\"\(long)\",x\n", to: "long.csv"))
    #expect(data.documents.texts?[0].utf8.count == long.utf8.count)
    let nul = try folder.write("text,label\na\u{0}b,x\n", to: "nul.csv")
    let error = try #require(throws: InputError.self) { try Dataset.read(nul) }
    #expect(error.line == 2 && error.reason.contains("U+0000"), "\(error)")
  }

  @Test func `random bytes are read or refused`() throws {
    var random = SplitMix64(7)
    let tokens = ["\"", ",", ";", "\n", "\t", "text", "labels", "{", "}", "[", "]", ":", "\r", "é"]
    for round in 0..<300 {
      var bytes = Data()
      for _ in 0..<Int.random(in: 0..<60, using: &random) {
        if Bool.random(using: &random) {
          bytes += Data(tokens[Int.random(in: 0..<tokens.count, using: &random)].utf8)
        } else {
          bytes.append(UInt8.random(in: 0...255, using: &random))
        }
      }
      let name = "f" + ["", ".csv", ".json", ".jsonl", ".tsv"][round % 5]
      let path = try folder.write(bytes, to: name)
      for policy in [BadLinePolicy.refuse, .skip] {
        do { _ = try Dataset.read(path, badLines: policy) } catch is InputError {
        } catch is DebianUnavailable {}
      }
    }
  }
}
