import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

/// Splits by files, by a column and by time.
@Suite struct DataPartsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ name: String, _ rows: [(String, String)]) throws -> String {
    try folder.write(
      "text,label\n" + rows.map { "\($0.0),\($0.1)\n" }.joined(), to: name)
  }

  private func names(_ split: Split?, of data: Dataset) -> [String] {
    (split?.documentIndices ?? MappedArray([])).map { data.documents.ids[Int($0)] }
  }

  @Test func `a named file is a separate part`() throws {
    let train = try file("train.csv", (0..<30).map { ("train \($0)", "l\($0 % 3)") })
    let dev = try file("dev.csv", [("dev 1", "l0"), ("dev 2", "new"), ("dev 3", "l2")])
    let test = try file("test.csv", [("test 1", "l1"), ("test 2", "other")])
    let reading = DataReading(validation: dev, test: test)
    let data = try Dataset.read(train, reading)
    #expect(data.train.count == 30 && Array(data.labels.ids) == ["l0", "l1", "l2"])
    #expect(names(data.validation, of: data) == ["dev:2", "dev:4"])
    #expect(names(data.test, of: data) == ["test:2"])
    #expect(data.validationIsApart && data.trainRowsOutsideValidation.count == 30)
    #expect(data.description.statistics?.droppedTestPairs == 1)
    // For an evaluation, the file is whole.
    let records = try LabelledRecords(train, reading, badLines: .refuse)
    let judged = try records.dataset(keepingAllLabels: true)
    #expect(names(judged.test, of: judged) == ["test:2", "test:3"])
    #expect(Array(judged.labels.ids) == ["l0", "l1", "l2", "new", "other"])
    #expect(judged.contentHash == data.contentHash)
    let only = try Dataset.read(train, DataReading(test: test))
    #expect(only.train.count == 30 && only.validation == nil)
    let without = try Dataset.read(train, DataReading(validation: dev))
    #expect(without.test == nil && without.train.count == 30)
    // The folder of the parts is the same data set.
    try FileManager.default.moveItem(atPath: dev, toPath: folder.file("valid.csv"))
    let whole = try Dataset.read(folder.path)
    #expect(whole.train == data.train && whole.validation == data.validation)
    _ = try file("test.jsonl", [])
    #expect(throws: InputError.self) { try Dataset.read(folder.path) }
  }

  @Test func `equal ids of several files get the file's name`() throws {
    func rows(_ name: String, _ range: Range<Int>) throws -> String {
      try folder.write(
        "id,text,label\n" + range.map { "\($0),\(name) \($0),l\($0 % 2)\n" }.joined(),
        to: "\(name).csv")
    }
    let (one, two) = (try rows("one", 0..<20), try rows("two", 10..<20))
    let data = try Dataset.read(one, DataReading(test: two))
    #expect(names(data.test, of: data).first == "two:10")
    #expect(data.documents.ids[3] == "3" && data.notes.contains { $0.contains("two:ID") })
    let more = try Dataset.read(one, DataReading(more: [rows("three", 30..<40)]))
    #expect(more.documents.ids.last == "39" && more.documents.count == 30)
    #expect(more.contentHash != data.contentHash)
  }

  @Test func `a group stays in one part`() throws {
    let path = try folder.write(
      "text,label,customer\n"
        + (0..<300).map { "text \($0),l\($0 % 3),c\($0 % 30)\n" }.joined(), to: "g.csv")
    let data = try Dataset.read(path, DataReading(group: "customer"))
    func groups(_ split: Split?) -> Set<String> {
      Set(
        (split?.documentIndices ?? MappedArray([])).map {
          data.documents.metadata?.text(of: "customer", at: Int($0)) ?? ""
        })
    }
    #expect(groups(data.train).isDisjoint(with: groups(data.test)))
    #expect(!groups(data.test).isEmpty && groups(data.train).union(groups(data.test)).count == 30)
    #expect(groups(data.validation).isSubset(of: groups(data.train)))
    #expect(try data.contentHash != Dataset.read(path).contentHash)
    let error = try #require(throws: InputError.self) {
      try Dataset.read(path, DataReading(group: "client"))
    }
    #expect(error.reason.contains("\"client\"") && error.reason.contains("\"customer\""))
  }

  @Test(arguments: ["2026-01-%02d", "2026-01-%02dT10:00:00Z", "%d"])
  func `the latest documents are the test part`(form: String) throws {
    // In an order that is not that of time.
    let days = (0..<50).map { ($0 * 7) % 25 + 1 }
    let path = try folder.write(
      "text,label,date\n"
        + days.enumerated().map { "text \($0),l,\(String(format: form, $1))\n" }.joined(),
      to: "t.csv")
    let data = try Dataset.read(path, DataReading(time: "date"))
    func times(_ split: Split?) -> [Int] {
      (split?.documentIndices ?? MappedArray([])).map { days[Int($0)] }.sorted()
    }
    #expect(times(data.test) == [21, 21, 22, 22, 23, 23, 24, 24, 25, 25])
    #expect(times(data.validation) == [19, 19, 20, 20])
    #expect(times(data.train).max() == 20 && data.train.count == 40)
    let bad = try folder.write("text,label,date\na,l,soon\nb,l,later\n", to: "b.csv")
    let error = try #require(throws: InputError.self) {
      try Dataset.read(bad, DataReading(time: "date"))
    }
    #expect(error.reason.contains("\"soon\"") && error.expected?.contains("2026") == true)
  }

  @Test func `reads folders and files of other formats by their content`() throws {
    try folder.write("3 4 2\n0 0:1 1:1\n1 2:1\n0,1 3:1\n", to: "train.txt")
    try folder.write("1 4 2\n0 0:1\n", to: "test.txt")
    let sparse = try Dataset.read(folder.path)
    #expect(sparse.train.count == 3 && sparse.test?.count == 1 && sparse.contentHash != nil)
    let rows = (0..<40).map { "\($0 % 2) \($0 % 5):1 \(5 + $0 % 7):2\n" }.joined()
    let alone = try Dataset.read(folder.write("40 12 2\n" + rows, to: "x.svm"))
    #expect(alone.train.count + (alone.test?.count ?? 0) == 40 && (alone.test?.count ?? 0) > 0)
    let error = try #require(throws: InputError.self) {
      try Dataset.read(folder.path, DataReading(text: "body"))
    }
    #expect(error.reason.contains("text is body"))
  }

  @Test func `refuses a folder that is not understood`() throws {
    try folder.write("anything", to: "other.bin")
    let error = try #require(throws: InputError.self) { try Dataset.read(folder.path) }
    #expect(error.reason.contains("no file that is understood"))
    #expect(error.expected?.contains("documents.jsonl") == true)
  }
}
