import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct SVMLightFolderTests {
  private static let files = [
    "small_train.txt": "3 6 4\n0,2 5:0.5 0:1.0\n 1:1.0\n3 4:7.0\n",
    "small_test.txt": "1 6 4\n1 2:4.0 5:0.25\n",
    "filter_labels_train.txt": "0 1\n2 0\n",
    "filter_labels_test.txt": "0 3\n",
  ]

  private func source() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in Self.files { try folder.write(text, to: name) }
    return folder
  }

  @Test func `round-trips through a dataset folder`() throws {
    let source = try source()
    let folder = try TemporaryFolder()
    let data = try SVMLightFolder.read(source.path)
    #expect(data.train.filter == CSRMatrix(rows: [[1], [], [0]], columnCount: 4))
    try DatasetFolder.write(data, to: folder.file("data"))
    try SVMLightFolder.write(try DatasetFolder.read(folder.file("data")), to: folder.file("back"))
    for (name, text) in Self.files {
      let back = name.replacing("small_", with: "")
      #expect(try folder.text("back/\(back)") == text, "\(name)")
    }
  }

  @Test func `exports texts as bags of training words`() throws {
    let folder = try TemporaryFolder()
    let source = try ExtremeTextFolderTests.folder(changing: [
      "trn.json": """
      {"uid":"a","title":"red apple","target_ind":[2,0]}
      {"uid":"b","title":"red pear","target_ind":[1]}
      """,
      "tst.json": #"{"uid":"c","title":"red plum","target_ind":[1]}"#,
    ])
    let data = try ExtremeTextFolder.read(source.path)
    try SVMLightFolder.write(
      data, to: folder.file("bags"),
      configuration: .init(families: [.init(.words, of: .text)], minimumDocumentCount: 1))
    // Three words of train; "red" is all that the test text shares with them.
    let train = try SVMLightFile(reading: folder.file("bags/train.txt"))
    let test = try SVMLightFile(reading: folder.file("bags/test.txt"))
    #expect(train.features.columnCount == 3 && test.features.columnCount == 3)
    #expect(train.features.entryCount == 4 && test.features.entryCount == 1)
    #expect(test.features.values.map(Array.init) == [1])
    #expect(train.labels == CSRMatrix(rows: [[2, 0], [1]], columnCount: 3))
    #expect(try folder.text("bags/filter_labels_test.txt") == "0 2\n")
  }

  @Test func `named features keep their order`() throws {
    let folder = try TemporaryFolder()
    let matrix = CSRMatrix(
      rowOffsets: MappedArray([0, 2]), columns: MappedArray([1, 0]), values: MappedArray([2, 3]),
      columnCount: 2)
    let data = Dataset(
      documents: Documents(
        ids: TextColumn(["d"]), content: .features(matrix, names: ["7", "seven"])),
      labels: Labels(ids: TextColumn(["l"])),
      train: Split(
        documentIndices: MappedArray([0]), labels: CSRMatrix(rows: [[0]], columnCount: 1)),
      description: DatasetDescription(name: "d"))
    try SVMLightFolder.write(data, to: folder.file("out"))
    #expect(try folder.text("out/train.txt") == "1 2 1\n0 1:2.0 0:3.0\n")
  }

  @Test func `rejects ambiguous folders`() throws {
    let source = try source()
    let data = try SVMLightFolder.read(source.path)
    #expect(throws: InputError.self) { try SVMLightFolder.write(data, to: source.path) }
    try source.write("", to: "other_train.txt")
    let two = try #require(throws: InputError.self) { try SVMLightFolder.read(source.path) }
    #expect(two.reason.contains("other_train.txt and small_train.txt"))
    let empty = try TemporaryFolder()
    #expect(throws: InputError.self) { try SVMLightFolder.read(empty.path) }
    #expect(throws: FileError.self) { try SVMLightFolder.read(empty.file("none")) }
  }
}
