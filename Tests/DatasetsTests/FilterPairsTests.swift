import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct FilterPairsTests {
  private func read(_ changes: [String: String?], _ policy: BadLinePolicy = .refuse) throws
    -> Dataset
  {
    let folder = try DatasetFolderTests.folder(changing: changes)
    return try DatasetFolder.read(folder.path, badLines: policy)
  }

  @Test func `aligns filter pairs with the rows of each split`() throws {
    let data = try read([
      "filter-train.jsonl": """
      {"id":"c","labels":["y","x"]}
      {"id":"b","labels":["y"]}
      """,
      "filter-test.jsonl": #"{"id":"d","labels":["z"]}"#,
    ])
    // Rows of train are b, c, a; validation is c, test is d.
    #expect(data.train.filter == CSRMatrix(rows: [[1], [1, 0], []], columnCount: 3))
    #expect(data.validation?.filter == CSRMatrix(rows: [[1, 0]], columnCount: 3))
    #expect(data.test?.filter == CSRMatrix(rows: [[2]], columnCount: 3))
    #expect(
      data.train.selecting(rows: [2, 1]).filter == CSRMatrix(rows: [[], [1, 0]], columnCount: 3))
    let hash = try read([:]).contentHash
    #expect(data.contentHash != hash)
    #expect(try read(["filter-test.jsonl": ""]).test?.filter == nil)
  }

  @Test func `rejects filter pairs of other splits or labels`() throws {
    let stray = try #require(throws: InputError.self) {
      try read(["filter-test.jsonl": #"{"id":"a","labels":["z"]}"#])
    }
    #expect(stray.file.hasSuffix("filter-test.jsonl") && stray.reason.contains("\"a\""))
    let unknown = try #require(throws: InputError.self) {
      try read(["filter-train.jsonl": #"{"id":"a","labels":["q"]}"#])
    }
    #expect(unknown.line == 1 && unknown.column == 22, "\(unknown)")
    #expect(throws: InputError.self) {
      try read(["filter-test.jsonl": #"{"id":"d","labels":["z"]}"#, "test.jsonl": nil])
    }
    let skipping = try read(
      ["filter-test.jsonl": "{\n{\"id\":\"a\",\"labels\":[]}\n{\"id\":\"d\",\"labels\":[\"z\"]}"],
      .skip)
    #expect(skipping.skipped.count == 1)
    #expect(skipping.test?.filter == CSRMatrix(rows: [[2]], columnCount: 3))
  }

  @Test func `reads and validates propensities in the description`() throws {
    let good = #"{"name":"n","summary":"","origins":[],"propensity":{"a":0.5,"b":0.4}}"#
    #expect(try read(["dataset.json": good]).description.propensity == .init(a: 0.5, b: 0.4))
    for (old, new) in [("0.5", "-1"), ("0.5", "11"), ("0.4", "0"), ("0.4", "1e4")] {
      let error = try #require(throws: InputError.self) {
        try read(["dataset.json": good.replacing(old, with: new)])
      }
      #expect(error.reason.contains("propensity"), "\(error)")
    }
  }
}
