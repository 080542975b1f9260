import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct ExtremeTextFolderTests {
  static let files = [
    "lbl.json": """
    {"uid":"L0","title":"zero"}
    {"uid":"L1","title":"one","content":"more"}
    {"uid":2,"title":"two","content":""}
    """,
    "trn.json": """
    {"uid":"a","title":"First","content":"line\\nline","target_ind":[2,0],"target_rel":[1.0,1.0]}
    {"target_ind":[],"title":"Second \\u00e9","uid":"b","extra":{"x":[1]}}
    """ + "\n",
    "tst.json": #"{"uid":"c","title":"Third","content":"","target_ind":[1],"target_rel":[1]}"#,
    "filter_labels_train.txt": "1 2\n0 1\n1 0\n0 1\n",
    "filter_labels_test.txt": "0 2\n",
  ]

  static func folder(changing changes: [String: String] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files.merging(changes, uniquingKeysWith: { $1 }) {
      try folder.write(text, to: name)
    }
    return folder
  }

  private func expectWhole(_ data: Dataset) {
    #expect(Array(data.documents.ids) == ["a", "b", "c"])
    #expect(
      data.documents.texts.map(Array.init) == ["First\nline\nline", "Second é", "Third"])
    #expect(Array(data.labels.ids) == ["L0", "L1", "2"])
    #expect(data.labels.texts.map(Array.init) == ["zero", "one\nmore", "two"])
    #expect(data.train.labels == CSRMatrix(rows: [[2, 0], []], columnCount: 3))
    #expect(Array(data.train.documentIndices) == [0, 1])
    #expect(data.train.filter == CSRMatrix(rows: [[1], [0, 2]], columnCount: 3))
    #expect(data.test?.labels == CSRMatrix(rows: [[1]], columnCount: 3))
    #expect(data.test.map { Array($0.documentIndices) } == [2])
    #expect(data.test?.filter == CSRMatrix(rows: [[2]], columnCount: 3))
  }

  @Test func `reads every file of the folder`() throws {
    let folder = try Self.folder()
    expectWhole(try ExtremeTextFolder.read(folder.path))
  }

  @Test func `reads gzip files identically`() throws {
    let folder = try Self.folder()
    let gzip = try #require(Subprocess.path(of: "gzip"))
    for name in ["lbl", "trn", "tst"] {
      let outcome = try Subprocess(path: gzip, arguments: [folder.file("\(name).json")]).run()
      try #require(outcome.status == 0, "\(outcome.messages)")
    }
    #expect(try folder.names().contains("trn.json.gz"))
    expectWhole(try ExtremeTextFolder.read(folder.path))
    // A fault is named by the packed file, not by its nameless copy.
    try folder.write("0 3\n", to: "filter_labels_train.txt")
    let error = try #require(throws: InputError.self) { try ExtremeTextFolder.read(folder.path) }
    #expect(error.file.hasSuffix("filter_labels_train.txt"), "\(error)")
    let bytes = try Data(contentsOf: URL(filePath: folder.file("tst.json.gz")))
    try folder.write(bytes, to: "trn.json.gz")
    let repeated = try #require(throws: InputError.self) {
      try ExtremeTextFolder.read(folder.path)
    }
    #expect(repeated.file.hasSuffix("tst.json.gz") && repeated.line == 1, "\(repeated)")
  }

  @Test func `keeps relevance weights other than 1`() throws {
    let line = #"{"uid":"a","title":"t","target_ind":[2,0],"target_rel":[0.5,1]}"#
    let folder = try Self.folder(changing: [
      "trn.json": line + "\n" + #"{"uid":"b","title":"t","target_ind":[1]}"#
    ])
    let data = try ExtremeTextFolder.read(folder.path)
    #expect(data.train.labels.values.map(Array.init) == [0.5, 1, 1])
  }

  @Test func `round-trips through a dataset folder`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder()
    try DatasetFolder.write(ExtremeTextFolder.read(source.path), to: folder.file("data"))
    #expect(
      try folder.text("data/filter-train.jsonl")
        == """
        {"id":"a","labels":["L1"]}
        {"id":"b","labels":["L0","2"]}

        """)
    expectWhole(try DatasetFolder.read(folder.file("data")))
  }

  @Test(
    arguments: [
      ("lbl.json", #"{"title":"t"}"#, 1, nil, "no \"uid\""),
      ("lbl.json", #"{"uid":"L0"}"#, 1, nil, "no \"title\""),
      ("lbl.json", "{\"uid\":\"L\",\"title\":\"\"}\n{\"uid\":\"L\",\"title\":\"\"}", 2, 9, "\"L\""),
      ("lbl.json", "", nil, nil, "no labels"),
      ("trn.json", #"{"uid":"a","title":"t"}"#, 1, nil, "no \"target_ind\""),
      ("trn.json", #"{"uid":"a","title":"t","target_ind":[3]}"#, 1, 38, "no label 3"),
      ("trn.json", #"{"uid":"a","title":"t","target_ind":[-1]}"#, 1, 38, "no label -1"),
      ("trn.json", #"{"uid":"a","title":"t","target_ind":[0.5]}"#, 1, 38, "no label 0.5"),
      ("trn.json", #"{"uid":"a","title":"t","target_ind":[1,1]}"#, 1, 40, "second time"),
      (
        "trn.json", #"{"uid":"a","title":"t","target_ind":[1],"target_rel":[]}"#, 1, nil,
        "0 numbers in \"target_rel\" for 1"
      ),
      ("trn.json", #"{"uid":"a","title":7,"target_ind":[1]}"#, 1, 20, "'7'"),
      ("trn.json", #"{"uid":"","title":"t","target_ind":[1]}"#, 1, 9, "empty"),
      ("trn.json", #"{"uid":"a","title":"t","target_ind":[1]"#, 1, 40, "too early"),
      ("tst.json", #"{"uid":"a","title":"t","target_ind":[1]}"#, 1, 9, "train file's"),
      ("filter_labels_train.txt", "2 0\n", 1, 1, "a document's row is 2"),
      ("filter_labels_train.txt", "0 0\n1 3\n", 2, 3, "a label's row is 3"),
      ("filter_labels_train.txt", "0\n", 1, 2, "too early"),
      ("filter_labels_test.txt", "0 1 1\n", 1, 5, "'1'"),
      ("filter_labels_test.txt", "x 1\n", 1, 1, "'x'"),
    ] as [(String, String, Int?, Int?, String)])
  func `rejects inconsistent records with their position`(
    file: String, text: String, line: Int?, column: Int?, reason: String
  ) throws {
    let folder = try Self.folder(changing: [file: text])
    let error = try #require(throws: InputError.self) { try ExtremeTextFolder.read(folder.path) }
    #expect(error.file.hasSuffix(file), "\(error)")
    #expect(error.line == line && error.column == column, "\(error)")
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test func `names a missing file`() throws {
    let folder = try TemporaryFolder()
    let error = try #require(throws: FileError.self) { try ExtremeTextFolder.read(folder.path) }
    #expect(error.path.hasSuffix("lbl.json.gz"))
  }
}
