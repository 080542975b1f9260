import Datasets
import Foundation
import Storage
import TestSupport
import Testing

/// Verdicts of people, read and taken into a data set.
@Suite struct FeedbackTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func dataset() throws -> Dataset {
    try folder.write(
      """
      {"id":"a","text":"alpha"}
      {"id":"feedback-1","text":"beta"}
      {"id":"c","text":"gamma"}
      {"id":"d","text":"delta"}
      {"id":"e","text":"alpha"}

      """, to: "documents.jsonl")
    try folder.write(
      "{\"id\":\"one\"}\n{\"id\":\"two\"}\n{\"id\":\"three\"}\n", to: "labels.jsonl")
    try folder.write(
      """
      {"id":"a","labels":["one","two"]}
      {"id":"feedback-1","labels":["two"]}
      {"id":"e","labels":["three"]}
      {"id":"c","labels":[]}

      """, to: "train.jsonl")
    try folder.write("{\"id\":\"e\",\"labels\":[\"three\"]}\n", to: "validation.jsonl")
    try folder.write("{\"id\":\"d\",\"labels\":[\"one\"]}\n", to: "test.jsonl")
    return try Dataset.read(folder.path)
  }

  private func rows(_ split: Split, _ dataset: Dataset) -> [String: [String]] {
    Dictionary(
      uniqueKeysWithValues: (0..<split.count).map { row in
        (
          dataset.documents.ids[Int(split.documentIndices[row])],
          split.labels.columns(ofRow: row).map { dataset.labels.ids[Int($0)] }
        )
      })
  }

  @Test func `an added label that no text has is kept by its text`() throws {
    var before = try dataset()
    before.labels.candidates = [.init(id: "five", text: "old"), .init(id: "six", text: "sixth")]
    let file = try FeedbackFile(
      contentsOf: folder.write(
        """
        {"label":"seven","text":"the seventh"}
        {"label":"five","text":"the fifth"}
        {"text":"new","labels":["six"]}

        """, to: "feedback.jsonl"))
    let (after, summary) = try before.taking(file)
    #expect(summary.newLabels == 3)
    #expect(after.labels.added == ["five", "seven"])
    // A label of the vocabulary that a text has now is a label like others.
    let kept = after.labels.candidates.sorted { $0.id < $1.id }
    #expect(kept.map(\.id) == ["five", "seven"])
    #expect(kept.map(\.text) == ["the fifth", "the seventh"])
    #expect(Array(after.labels.ids).last == "six" && after.labels.texts?[3] == "sixth")
  }

  @Test func `verdicts change only the training split`() throws {
    let before = try dataset()
    let file = try FeedbackFile(
      contentsOf: folder.write(
        """
        {"label":"four","text":"the fourth"}
        {"text":"alpha","labels":["three"],"rejected":["two"]}
        {"text":"gamma","labels":["four"],"rejected":["one"]}
        {"text":"delta","labels":["two"]}
        {"text":"new","labels":["one","four"],"rejected":["nobody"]}
        {"text":"only wrong","rejected":["one"]}
        {"text":"gamma","labels":["one"]}

        """, to: "feedback.jsonl"))
    let (after, summary) = try before.taking(file)
    #expect(
      summary
        == summaryOf(changed: 3, added: 1, ofTest: 1, withoutLabels: 1, newLabels: 1))
    #expect(Array(after.labels.ids) == ["one", "two", "three", "four"])
    #expect(after.labels.texts?[3] == "the fourth")
    #expect(after.labels.textOrID(at: 1) == "two")
    #expect(
      rows(after.train, after) == [
        "a": ["one", "three"], "e": ["three"], "feedback-1": ["two"], "c": ["four", "one"],
        // The name that was free.
        "feedback-2": ["one", "four"],
      ])
    #expect(after.documents.texts?[5] == "new")
    #expect(after.validation.map { rows($0, after) } == ["e": ["three"]])
    #expect(after.test.map { rows($0, after) } == ["d": ["one"]])
    #expect(after.test?.labels.columnCount == 4)
  }

  @Test func `keeps weights, new pairs weigh 1`() throws {
    _ = try dataset()
    try folder.write(
      "{\"id\":\"a\",\"labels\":[\"one\",\"two\"],\"weights\":[0.5,0.25]}\n", to: "train.jsonl")
    try folder.write("", to: "validation.jsonl")
    let file = try FeedbackFile(
      contentsOf: folder.write(
        "{\"text\":\"alpha\",\"labels\":[\"three\",\"one\"]}\n{\"text\":\"x\",\"labels\":[\"two\"]}",
        to: "f.jsonl"))
    let train = try Dataset.read(folder.path).taking(file).dataset.train
    #expect(train.labels.values.map(Array.init) == [0.5, 0.25, 1, 1])
    #expect(Array(train.labels.columns) == [0, 1, 2, 1])
  }

  @Test(arguments: [
    ("{\"labels\":[]}", "no \"text\""), ("{\"text\":\"a\"}", "neither verdicts"),
    ("{\"text\":\"a\",\"labels\":[\"b\"],\"rejected\":[\"b\"]}", "\"b\" is accepted and rejected"),
    ("{\"text\":\"a\",\"labels\":[\"\"]}", "empty"), ("{\"text\":\"a\",\"labels\":[5.5]}", "label"),
    ("{\"label\":\"a\",\"text\":\"b\",\"labels\":[\"c\"]}", "neither verdicts"), ("[]", "expected"),
  ]) func `rejects malformed lines with their position`(line: String, words: String) throws {
    let path = try folder.write("{\"text\":\"fine\",\"labels\":[\"x\"]}\n\(line)\n", to: "f.jsonl")
    let error = #expect(throws: InputError.self) { try FeedbackFile(contentsOf: path) }
    #expect(error?.line == 2 && error?.file == path)
    #expect(error?.description.contains(words) == true, "\(error as Any)")
  }

  /// Verdicts on one text in two normal forms are verdicts on one text, and so for labels.
  @Test func `merges Unicode forms of one text`() throws {
    let file = try FeedbackFile(
      contentsOf: folder.write(
        """
        {"text":"caf\u{E9}","labels":["one","\u{E9}","e\u{301}"]}
        {"text":"cafe\u{301}","rejected":["one"]}

        """, to: "feedback.jsonl"))
    #expect(file.records == [.init(text: "caf\u{E9}", accepted: ["\u{E9}"], rejected: ["one"])])
    #expect(file.records[0].text.utf8.elementsEqual("caf\u{E9}".utf8))
  }

  @Test func `rejects labels that normalise to one name`() throws {
    var twins = try dataset()
    twins.labels.ids = TextColumn(["\u{E9}", "two", "e\u{301}"])
    let file = try FeedbackFile(
      contentsOf: folder.write("{\"text\":\"alpha\",\"labels\":[\"two\"]}\n", to: "f.jsonl"))
    let error = try #require(throws: ValueError.self) { try twins.taking(file) }
    #expect(error.reason.contains("\u{E9}"))
  }
}

private func summaryOf(
  changed: Int, added: Int, ofTest: Int, withoutLabels: Int, newLabels: Int
) -> FeedbackSummary {
  var summary = FeedbackSummary()
  summary.changed = changed
  summary.added = added
  summary.ofTest = ofTest
  summary.withoutLabels = withoutLabels
  summary.newLabels = newLabels
  return summary
}
