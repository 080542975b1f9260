import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct SVMLightFileTests {
  private static let text = """
    4 6 3
    0,2 0:1 5:0.5 3:-2e-3
     1:1
    1
    2 4:7

    """

  private func read(_ text: String) throws -> SVMLightFile {
    let folder = try TemporaryFolder()
    return try SVMLightFile(reading: folder.write(text, to: "f.txt"))
  }

  @Test func `reads rows with and without labels`() throws {
    for text in [Self.text, Self.text.replacing("\n", with: "\r\n")] {
      let file = try read(text)
      #expect(file.labels == CSRMatrix(rows: [[0, 2], [], [1], [2]], columnCount: 3))
      #expect(Array(file.features.rowOffsets) == [0, 3, 4, 4, 5])
      #expect(Array(file.features.columns) == [0, 5, 3, 1, 4])
      #expect(file.features.values.map(Array.init) == [1, 0.5, -2e-3, 1, 7])
      #expect(file.features.columnCount == 6)
    }
  }

  @Test(
    arguments: [
      ("", 1, nil, "empty"), ("2 3\n", 1, 4, "too early"), ("x 3 3\n", 1, 1, "'x'"),
      ("1 3 3 4\n", 1, 7, "'4'"), ("99999999999 3 3\n", 1, 1, "99999999999"),
      ("-1 3 3\n", 1, 1, "'-'"), ("1 3 3\n", 1, nil, "after 0 rows"),
      ("1 3 3\n0 1:1\n0 1:1\n", 3, nil, "one row more"),
      ("1 3 3\n0 1:1\n\n", 3, nil, "one row more"),
      ("1 3 3\n3 1:1\n", 2, 1, "a label is 3"), ("1 3 3\n0 3:1\n", 2, 3, "a feature is 3"),
      ("1 3 3\n0 1:1 99999999999999999999:1\n", 2, 7, "a feature is 9999"),
      ("1 3 3\n0,0 1:1\n", 2, nil, "label 0 appears a second"),
      ("1 3 3\n2,0,2 1:1\n", 2, nil, "label 2 appears a second"),
      ("1 3 3\n0 1:1 0:1 1:2\n", 2, nil, "feature 1 appears a second"),
      ("1 3 3\n1:1 2:1\n", 2, 1, "a feature in place"), ("1 3 3\n0, 1:1\n", 2, 3, "0x20"),
      ("1 3 3\n0 1\n", 2, 4, "too early"), ("1 3 3\n0 1:\n", 2, 5, "too early"),
      ("1 3 3\n0 1:x\n", 2, 5, "'x'"), ("1 3 3\n0 1:nan\n", 2, 5, "'n'"),
      ("1 3 3\n0 1:1e39\n", 2, 5, "1e39"), ("1 3 3\n0 1:1,2:1\n", 2, 6, "','"),
      ("1 3 3\n0 1:1\t2:1\n", 2, 6, "0x9"), ("1 3 3\n-1 1:1\n", 2, 1, "'-'"),
    ] as [(String, Int, Int?, String)])
  func `rejects malformed rows with their position`(
    text: String, line: Int, column: Int?, reason: String
  ) throws {
    let error = try #require(throws: InputError.self) { try read(text) }
    #expect(error.line == line && error.column == column, "\(error)")
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test(arguments: ["1 5 10000000\n 0:1\n", "1 2147483647 3\n 0:1\n"])
  func `limits the sizes claimed by a header`(text: String) throws {
    let error = try #require(throws: InputError.self) { try read(text) }
    #expect(error.line == 1 && error.expected?.contains("DECANT_COLUMN_LIMIT") == true, "\(error)")
    let folder = try TemporaryFolder()
    let path = try folder.write("1 5 900\n 0:1\n", to: "f.txt")
    #expect(throws: InputError.self) { try SVMLightFile(reading: path, columnLimit: 899) }
    #expect(try SVMLightFile(reading: path, columnLimit: 900).labels.columnCount == 900)
    // A file may have as many columns as bytes.
    #expect(
      try SVMLightFile(reading: folder.write("1 12 1\n 0:1\n", to: "g"), columnLimit: 1)
        .features.columnCount == 12)
  }

  @Test func `round-trips through a file`() throws {
    let folder = try TemporaryFolder()
    let file = SVMLightFile(
      features: CSRMatrix(
        rowOffsets: MappedArray([0, 2, 2, 2, 3]), columns: MappedArray([4, 1, 0]),
        values: MappedArray([0.1, -3e-20, 1e30]), columnCount: 5),
      labels: CSRMatrix(rows: [[1, 0], [], [2], []], columnCount: 3))
    try file.write(to: folder.file("f.txt"))
    #expect(try SVMLightFile(reading: folder.file("f.txt")) == file)
    #expect(try folder.text("f.txt").hasPrefix("4 5 3\n1,0 4:0.1 1:-3e-20\n \n2 \n "))
  }

  @Test func `joins train and test files`() throws {
    let train = try read(Self.text)
    let test = try read("1 6 3\n1 2:4\n")
    let data = try Dataset.joining(train: train, test: test, name: "n", file: "test.txt")
    guard case .features(let matrix, let names) = data.documents.content else {
      Issue.record("the documents are not features")
      return
    }
    #expect(names == ["0", "1", "2", "3", "4", "5"] && data.documents.count == 5)
    #expect(Array(matrix.rowOffsets) == [0, 3, 4, 4, 5, 6])
    #expect(Array(matrix.columns) == [0, 5, 3, 1, 4, 2] && matrix.values?[5] == 4)
    #expect(data.test.map { Array($0.documentIndices) } == [4])
    #expect(data.train.labels == train.labels && data.test?.labels == test.labels)
    #expect(throws: InputError.self) {
      try Dataset.joining(train: train, test: read("1 6 4\n1 2:4\n"), name: "n", file: "test.txt")
    }
  }
}
