import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct DatasetFolderTests {
  static let files = [
    "documents.jsonl": """
    {"id":"a","text":"first\\nline"}
    {"extra":[1,{"x":null}],"text":"second é","id":"b"}

    {"id":"\\u0063","text":""}
    {"id":"d","text":"fourth"}
    """,
    "labels.jsonl": """
    {"id":"x","text":"the \\"x\\""}
    {"id":"y"}
    {"id":"z","text":"zed"}
    """ + "\n",
    "train.jsonl": """
    {"id":"b","labels":["z","x"]}
    {"id":"c","labels":[]}
    {"id":"a","labels":["y"]}
    """ + "\r\n",
    "validation.jsonl": #"{"id":"c","labels":[]}"#,
    "test.jsonl": #"{"labels":["x"],"id":"d"}"# + "\n",
  ]

  static func folder(changing changes: [String: String?] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files.merging(changes.compactMapValues { $0 }, uniquingKeysWith: { $1 })
    where changes[name] != .some(nil) {
      try folder.write(text, to: name)
    }
    return folder
  }

  @Test func `reads every part of a dataset folder`() throws {
    let folder = try Self.folder()
    let data = try DatasetFolder.read(folder.path)
    #expect(Array(data.documents.ids) == ["a", "b", "c", "d"])
    #expect(data.documents.texts.map(Array.init) == ["first\nline", "second é", "", "fourth"])
    #expect(Array(data.labels.ids) == ["x", "y", "z"])
    #expect((0..<3).map(data.labels.textOrID) == ["the \"x\"", "y", "zed"])
    #expect(data.labels.texts?.isMissing(at: 1) == true)
    #expect(Array(data.train.documentIndices) == [1, 2, 0])
    #expect(data.train.labels == CSRMatrix(rows: [[2, 0], [], [1]], columnCount: 3))
    #expect(data.validation.map { Array($0.documentIndices) } == [2])
    #expect(data.test?.labels == CSRMatrix(rows: [[0]], columnCount: 3))
    #expect(data.trainRowsOutsideValidation == [0, 2])
    #expect(data.skipped.count == 0)
    #expect(data.description.name == URL(fileURLWithPath: folder.path).lastPathComponent)
  }

  @Test func `missing label weights default to 1`() throws {
    let folder = try Self.folder(changing: [
      "train.jsonl": """
      {"id":"a","labels":["x","y"]}
      {"weights":[0.5,2e1],"id":"b","labels":["z","y"]}
      {"id":"c","labels":["x"]}
      """
    ])
    let train = try DatasetFolder.read(folder.path).train
    #expect(train.labels.values.map(Array.init) == [1, 1, 0.5, 20, 1])
    #expect(Array(train.labels.columns) == [0, 1, 2, 1, 0])
  }

  @Test func `reads documents of named features`() throws {
    let folder = try Self.folder(changing: [
      "documents.jsonl": """
      {"id":"a","features":{"u":1,"v":0.25}}
      {"id":"b","features":{}}
      {"id":"c","features":{"w":-3,"u":2}}
      {"id":"d","features":{"\\u0077":1}}
      """
    ])
    let data = try DatasetFolder.read(folder.path)
    guard case .features(let matrix, let names) = data.documents.content else {
      Issue.record("the documents are not features")
      return
    }
    #expect(names == ["u", "v", "w"])
    #expect(Array(matrix.columns) == [0, 1, 2, 0, 2])
    #expect(matrix.values.map(Array.init) == [1, 0.25, -3, 2, 1])
    #expect(Array(matrix.rowOffsets) == [0, 2, 2, 4, 5])
  }

  /// One bad line a case: the file, the line's text, the column and a word of the reason.
  static let badLines: [(String, String, Int?, String)] = [
    ("documents.jsonl", #"{"id":"a","text":"again"}"#, 8, "second time"),
    ("documents.jsonl", #"{"id":"e"}"#, nil, "no \"text\""),
    ("documents.jsonl", #"{"text":"e"}"#, nil, "no \"id\""),
    ("documents.jsonl", #"{"id":"","text":"e"}"#, 8, "empty"),
    ("documents.jsonl", #"{"id":"e","id":"f","text":""}"#, 11, "second time"),
    ("documents.jsonl", #"{"id":"e","text":"e","features":{}}"#, nil, "both"),
    ("documents.jsonl", #"{"id":"e","features":{}}"#, nil, "features among texts"),
    ("documents.jsonl", #"{"id":true,"text":"e"}"#, 7, "unexpected 't'"),
    ("documents.jsonl", #"{"id":"e","text":"e"} x"#, 23, "unexpected 'x'"),
    ("documents.jsonl", #"{"id":"e","text":"e""#, 21, "ends too early"),
    ("documents.jsonl", #"["id"]"#, 1, "unexpected '['"),
    ("labels.jsonl", #"{"id":"x"}"#, 8, "second time"),
    ("labels.jsonl", #"{"text":"x"}"#, nil, "no \"id\""),
    ("labels.jsonl", #"{"id":"a\u001b[1m"}"#, 9, "U+001B"),
    ("labels.jsonl", "{\"id\":\"ab\u{7F}\"}", 10, "U+007F"),
    ("documents.jsonl", #"{"id":"e","text":"a\n\u0000"}"#, 22, "U+0000"),
    ("train.jsonl", #"{"id":"q","labels":["x"]}"#, 8, "no document \"q\""),
    ("train.jsonl", #"{"id":"b","labels":["x"]}"#, 8, "second time"),
    ("train.jsonl", #"{"id":"d","labels":["x","q"]}"#, 26, "no label \"q\""),
    ("train.jsonl", #"{"id":"d","labels":["x","x"]}"#, 26, "second time"),
    ("train.jsonl", #"{"id":"d"}"#, nil, "no \"labels\""),
    ("train.jsonl", #"{"id":"d","labels":[1]}"#, 21, "no label \"1\""),
    ("train.jsonl", #"{"id":"d","labels":["x"],"weights":[]}"#, 36, "0 weights for 1"),
    ("train.jsonl", #"{"id":"d","labels":["x"],"weights":[1,2]}"#, 36, "2 weights for 1"),
    ("train.jsonl", #"{"id":"d","labels":["x"],"weights":[1e39]}"#, 37, "1e39"),
    ("train.jsonl", #"{"id":"d","labels":["x"],"weights":[-1e999]}"#, 37, "-1e999"),
    ("train.jsonl", #"{"id":"d","labels":["x"],"weights":[NaN]}"#, 37, "unexpected 'N'"),
    ("test.jsonl", #"{"id":"d","labels":[]}"#, 8, "second time"),
  ]

  @Test(arguments: badLines)
  func `rejects a malformed line with file, line and column`(
    file: String, text: String, column: Int?, reason: String
  ) throws {
    let good = (Self.files[file] ?? "").trimmingCharacters(in: .newlines)
    let folder = try Self.folder(changing: [file: good + "\n" + text + "\n"])
    let error = try #require(throws: InputError.self) { try DatasetFolder.read(folder.path) }
    #expect(error.file == folder.file(file))
    #expect(error.line == good.split(separator: "\n", omittingEmptySubsequences: false).count + 1)
    #expect(error.column == column)
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test(arguments: badLines)
  func `skips malformed lines and counts them`(
    file: String, text: String, column: Int?, reason: String
  ) throws {
    let good = (Self.files[file] ?? "").trimmingCharacters(in: .newlines)
    let folder = try Self.folder(changing: [file: good + "\n" + text + "\n" + text + "\n"])
    // The second reading finds the cache of the first, and must give the same counts.
    for _ in 0..<2 {
      let data = try DatasetFolder.read(folder.path, badLines: .skip)
      #expect(data.skipped.count == 2)
      #expect(data.skipped.first.map(\.column) == [column, column])
      #expect(data.documents.count == 4 && data.labels.count == 3)
      #expect(data.train.labels == CSRMatrix(rows: [[2, 0], [], [1]], columnCount: 3))
    }
  }

  /// The labels of a skipped line must not count as seen in the next one.
  @Test func `a skipped line does not affect the next`() throws {
    let folder = try Self.folder(changing: [
      "train.jsonl": """
      {"id":"a","labels":["x","y","q"]}
      {"id":"a","labels":["x","y"]}
      """,
      "validation.jsonl": nil,
    ])
    let data = try DatasetFolder.read(folder.path, badLines: .skip)
    #expect(data.train.labels == CSRMatrix(rows: [[0, 1]], columnCount: 3))
    #expect(data.skipped.count == 1)
  }

  @Test func `rejects parts that contradict each other`() throws {
    let leak = try Self.folder(changing: ["test.jsonl": #"{"id":"a","labels":["x"]}"#])
    #expect(throws: InputError.self) { try DatasetFolder.read(leak.path) }
    let stray = try Self.folder(changing: ["validation.jsonl": #"{"id":"d","labels":[]}"#])
    let error = #expect(throws: InputError.self) { try DatasetFolder.read(stray.path) }
    #expect(error?.reason.contains("validation.jsonl too") == true)
    let missing = try Self.folder(changing: ["labels.jsonl": nil])
    #expect(throws: FileError.self) { try DatasetFolder.read(missing.path) }
    let odd = try Self.folder(changing: ["dataset.json": "[]"])
    #expect(throws: InputError.self) { try DatasetFolder.read(odd.path) }
  }

  @Test func `the cache gives equal data and notices changes`() throws {
    let folder = try Self.folder()
    let first = try DatasetFolder.read(folder.path)
    let cached = try FileManager.default.contentsOfDirectory(atPath: folder.file("cache"))
    #expect(cached.count == 6)
    let second = try DatasetFolder.read(folder.path)
    #expect(second.train == first.train && second.test == first.test)
    #expect(second.contentHash == first.contentHash)

    // Damage is noticed and repaired.
    let path = folder.file("cache/" + (cached.first { $0.hasPrefix("train-labels") } ?? ""))
    try Data("rubbish".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    #expect(try DatasetFolder.read(folder.path).train == first.train)

    try folder.write(#"{"id":"a","labels":["z"]}"#, to: "train.jsonl")
    try FileManager.default.removeItem(atPath: folder.file("validation.jsonl"))
    let changed = try DatasetFolder.read(folder.path)
    #expect(changed.train.labels == CSRMatrix(rows: [[2]], columnCount: 3))
    #expect(changed.contentHash != first.contentHash)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("cache"))
    #expect(left.count == 4)
  }

  @Test func `round-trips through a file`() throws {
    let folder = try Self.folder(changing: [
      "train.jsonl": """
      {"id":"a","labels":["x","y"],"weights":[0.1,3]}
      {"id":"c","labels":[]}
      """
    ])
    var data = try DatasetFolder.read(folder.path)
    data.description = DatasetDescription(
      name: "small", summary: "a to x",
      origins: [.init(source: "http://example.org/é", release: "1", date: "today")],
      statistics: DatasetStatistics(train: data.train, validation: data.validation, test: data.test)
    )
    let target = folder.file("deep/copy")
    try DatasetFolder.write(data, to: target)
    for _ in 0..<2 {
      let copy = try DatasetFolder.read(target)
      #expect(Array(copy.documents.ids) == Array(data.documents.ids))
      #expect(copy.documents.texts.map(Array.init) == data.documents.texts.map(Array.init))
      #expect((0..<3).map(copy.labels.textOrID) == (0..<3).map(data.labels.textOrID))
      #expect(copy.labels.texts?.isMissing(at: 1) == true)
      #expect(copy.train == data.train && copy.test == data.test)
      #expect(copy.validation == data.validation)
      #expect(copy.description == data.description)
      // The second round replaces the data set that it was read from.
      try DatasetFolder.write(copy, to: target + "/")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("deep")) == ["copy"])
  }

  @Test func `escapes every character that needs it`() throws {
    let folder = try TemporaryFolder()
    let text =
      String(String.UnicodeScalarView((1..<0x80).map { Unicode.Scalar(UInt8($0)) })) + "é😀\u{2028}"
    let name =
      "\t\n\r" + String(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
    let data = Dataset(
      documents: Documents(ids: TextColumn([name]), content: .texts(TextColumn([text]))),
      labels: Labels(ids: TextColumn([name])),
      train: Split(
        documentIndices: MappedArray([0]), labels: CSRMatrix(rows: [[0]], columnCount: 1)),
      description: DatasetDescription(name: "escapes"))
    try DatasetFolder.write(data, to: folder.file("d"))
    let line = try folder.text("d/documents.jsonl")
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
    #expect(object == ["id": name, "text": text])
    let copy = try DatasetFolder.read(folder.file("d"))
    #expect(copy.documents.ids[0] == name && copy.documents.texts?[0] == text)
    #expect(copy.labels.texts == nil && copy.labels.textOrID(at: 0) == name)
  }

  @Test func `writes documents of features`() throws {
    let folder = try TemporaryFolder()
    let features = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 2]), columns: MappedArray([1, 0]),
      values: MappedArray([0.1, -2.5e-8]), columnCount: 2)
    let data = Dataset(
      documents: Documents(
        ids: TextColumn(["p", "q"]), content: .features(features, names: ["n\"0", "n1"])),
      labels: Labels(ids: TextColumn(["l"])),
      train: Split(
        documentIndices: MappedArray([0, 1]), labels: CSRMatrix(rows: [[0], []], columnCount: 1)),
      description: DatasetDescription(name: "features"))
    try DatasetFolder.write(data, to: folder.file("d"))
    let copy = try DatasetFolder.read(folder.file("d"))
    guard case .features(let matrix, let names) = copy.documents.content else {
      Issue.record("the documents are not features")
      return
    }
    // Names are numbered as they come.
    #expect(names == ["n1", "n\"0"])
    #expect(Array(matrix.columns) == [0, 1])
    #expect(matrix.values.map(Array.init) == [0.1, -2.5e-8])
  }

  @Test func `never overwrites a folder that is not a dataset`() throws {
    let folder = try Self.folder()
    let data = try DatasetFolder.read(folder.path)
    let other = try TemporaryFolder()
    try other.write("precious", to: "notes.txt")
    #expect(throws: InputError.self) { try DatasetFolder.write(data, to: other.path) }
    #expect(throws: InputError.self) {
      try DatasetFolder.write(data, to: other.file("notes.txt"))
    }
    #expect(throws: FileError.self) {
      try DatasetFolder.write(data, to: other.file("notes.txt/inside"))
    }
    #expect(try other.names() == ["notes.txt"])
    #expect(try other.text("notes.txt") == "precious")
  }
}
