import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct LabelledTextFileTests {
  /// The first text in `t0, t1, …` whose bucket is wanted, so that a case can choose its split.
  private static func text(where isWanted: (SplitBucket) -> Bool, not taken: [String] = []) throws
    -> String
  {
    try #require(
      (0..<1000).map { "t\($0)" }.first { isWanted(SplitBucket(of: $0)) && !taken.contains($0) })
  }

  @Test func `splits by text hash and keeps training labels`() throws {
    let folder = try TemporaryFolder()
    let plain = try Self.text { !$0.isTest && !$0.isValidation }
    let heldOut = try Self.text { $0.isValidation }
    let test = try Self.text { $0.isTest }
    let otherTest = try Self.text(where: { $0.isTest }, not: [test])
    let path = try folder.write(
      """
      {"text":"\(test)","labels":["unseen","b"],"weights":[1,0.5]}

      {"text":"\(plain)","labels":["c","b"]}
      {"text":"\(heldOut)","labels":["\\u0061"],"weights":[2]}
      {"text":"\(otherTest)","labels":["unseen"]}
      {"text":"\(plain)","labels":[]}
      """, to: "all.jsonl")
    let data = try Dataset.read(path)
    #expect(Array(data.documents.ids) == ["1", "3", "4", "5", "6"])
    #expect(data.documents.texts?[2] == heldOut)
    #expect(Array(data.labels.ids) == ["b", "c", "a"])
    #expect(Array(data.train.documentIndices) == [1, 2, 4])
    #expect(Array(data.train.labels.columns) == [1, 0, 2])
    #expect(Array(data.train.labels.rowOffsets) == [0, 2, 3, 3])
    #expect(data.train.labels.values.map(Array.init) == [1, 1, 2])
    #expect(data.validation.map { Array($0.documentIndices) } == [2])
    #expect(data.test.map { Array($0.documentIndices) } == [0])
    #expect(data.test?.labels.values.map(Array.init) == [0.5])
    #expect(data.description.statistics?.droppedTestPairs == 2)
    #expect(data.description.name == "all.jsonl")
  }

  @Test func `uses given ids`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      """
      {"text":"x","labels":["b"],"id":"one"}
      {"id":"two","text":"y","labels":["b"]}
      """, to: "all.jsonl")
    #expect(Array(try Dataset.read(path).documents.ids) == ["one", "two"])
    #expect(try Dataset.read(path).train.labels.values == nil)
  }

  @Test(
    arguments: [
      (#"{"text":"x"}"#, nil, "no \"labels\""), (#"{"labels":[]}"#, nil, "no \"text\""),
      (#"{"text":"x","labels":["a","a"]}"#, 28, "second time"),
      (#"{"text":"x","labels":["a"],"weights":[]}"#, nil, "0 weights for 1"),
      (#"{"text":"x","labels":{}}"#, 22, "unexpected '{'"),
      (#"{"text":"x","labels":[1.5]}"#, 23, "number 1.5"),
      (#"{"text":"x","labels":["a"],"id":"i"}"#, nil, "among records without"),
      (#"{"text":"x","text":"y","labels":[]}"#, 13, "second time"),
      (#"{"text":"\ud800","labels":[]}"#, 10, "surrogate"),
    ] as [(String, Int?, String)])
  func `rejects or skips a malformed line`(line: String, column: Int?, reason: String) throws {
    let folder = try TemporaryFolder()
    let good = try Self.text { !$0.isTest }
    let first = "{\"text\":\"\(good)\",\"labels\":[\"l\"]}\n"
    let path = try folder.write(first + line + "\n" + first, to: "f.jsonl")
    let error = try #require(throws: InputError.self) { try Dataset.read(path) }
    #expect(error.line == 2 && error.column == column && error.reason.contains(reason), "\(error)")
    let data = try Dataset.read(path, badLines: .skip)
    #expect(data.train.count == 2 && data.skipped.first == [error])
    #expect(Array(data.labels.ids) == ["l"])
  }

  @Test func `rejects a file without training documents`() throws {
    let folder = try TemporaryFolder()
    let empty = try folder.write("", to: "empty.jsonl")
    #expect(throws: InputError.self) { try Dataset.read(empty) }
    #expect(throws: FileError.self) { try Dataset.read(folder.file("none.jsonl")) }
  }
}
