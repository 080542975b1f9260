import Foundation
import Storage
import TestSupport
import Testing

@Suite struct LabellingTests {
  private let folder: TemporaryFolder
  private let data: String
  private let run: String
  private let pool: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    run = folder.file("run")
    pool = folder.file("pool.jsonl")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "8", "--calibrate"] + quickly)
    let texts = SmallDataset(documents: 400).rows.suffix(60).map(\.text)
    let lines = (texts + [texts[0], "ЖЖЖЖ"]).enumerated().map { number, text in
      #"{"id": "d\#(number)", "text": "\#(text)"}"# + "\n"
    }
    try writeAtomically(lines.joined(), to: pool)
  }

  private func tasks(_ options: String...) throws -> [[String: Any]] {
    let file = folder.file("tasks.json")
    try DecantProgram.succeed(
      ["label-next", run, "--data", pool, "--count", "5", "--output", file, "--tasks"] + options)
    return try JSONSerialization.jsonObject(with: contents(file)) as? [[String: Any]] ?? []
  }

  @Test func `lists documents without copies and unknown ones`() throws {
    let outcome = try DecantProgram.succeed(
      ["label-next", run, "--data", pool, "--count", "100", "--output", folder.file("next.jsonl")])
    #expect(outcome.messages.contains("1 document nearly equal"))
    #expect(outcome.messages.contains("1 document without a word"))
    let lines = String(decoding: try contents(folder.file("next.jsonl")), as: UTF8.self)
      .split(separator: "\n")
    #expect(lines.count == 60)
    #expect(!lines.contains { $0.contains("ЖЖЖЖ") || $0.contains("\"d60\"") })
    #expect(lines.allSatisfy { $0.contains("\"uncertainty\": ") && $0.contains("\"labels\": [") })
  }

  @Test func `reads other records, lines, and the rest of a folder`() throws {
    func ids(_ path: String) throws -> [String] {
      let file = folder.file("next.tsv")
      try DecantProgram.succeed(
        ["label-next", run, "--data", path, "--count", "9", "--output", file])
      return String(decoding: try contents(file), as: UTF8.self).split(separator: "\n").dropFirst()
        .map { String($0.prefix { $0 != "\t" }) }.sorted()
    }
    let table = folder.file("pool.csv")
    try writeAtomically("id,text\na,word1x0 word2x1\nb,word3x0 word9x1\n", to: table)
    #expect(try ids(table) == ["a", "b"])
    let lines = folder.file("pool.txt")
    try writeAtomically("word1x0 word2x1\n\nword3x0 word9x1\n", to: lines)
    #expect(try ids(lines) == ["1", "3"])
    // The folder's documents are all in train or test.
    try DecantProgram.refuse(["label-next", run, "--data", data], code: 65, "no documents")
  }

  @Test func `prints a table, and writes one`() throws {
    let shown = try DecantProgram.succeed(["label-next", run, "--data", pool, "--count", "3"])
    #expect(shown.lines.count == 12, "\(shown.output)")
    let file = folder.file("next.tsv")
    try DecantProgram.succeed(
      ["label-next", run, "--data", pool, "--count", "3", "--output", file])
    let rows = String(decoding: try contents(file), as: UTF8.self).split(separator: "\n")
    #expect(rows.count == 4 && rows[0] == "id\tuncertainty\tlabel\tprobability\ttext")
  }

  @Test func `Label Studio's answers become feedback`() throws {
    let tasks = try tasks("label-studio")
    #expect(tasks.count == 5)
    // What the program exports: the task with a person's choices.
    let answered = tasks.map { task -> [String: Any] in
      let prediction = (task["predictions"] as? [[String: Any]])?.first ?? [:]
      #expect(prediction["model_version"] as? String == "run")
      return [
        "id": 1, "data": task["data"] ?? [:],
        "annotations": [["result": prediction["result"] ?? []]],
      ]
    }
    try check(answered, of: "label-studio")
  }

  @Test func `Argilla's answers become feedback`() throws {
    let tasks = try tasks("argilla")
    #expect(tasks.count == 5)
    let answered = tasks.map { task -> [String: Any] in
      let suggestions = task["suggestions"] as? [String: [String: Any]] ?? [:]
      let labels = suggestions["labels"] ?? [:]
      #expect((labels["value"] as? [String])?.count == (labels["score"] as? [Double])?.count)
      return [
        "id": task["id"] ?? "", "fields": task["fields"] ?? [:],
        "responses": ["labels": [["value": labels["value"] ?? [], "user_id": "u"]]],
      ]
    }
    try check(answered, of: "argilla")
  }

  /// Imports an export and trains with it.
  private func check(_ records: [[String: Any]], of program: String) throws {
    let export = folder.file("export.json")
    try JSONSerialization.data(withJSONObject: records).write(to: URL(fileURLWithPath: export))
    let labelled = folder.file("labelled.jsonl")
    let said = try DecantProgram.succeed(
      ["data", "import", "--format", program, export, "--output", labelled])
    #expect(said.output.contains("5 labelled documents"))
    let trained = try DecantProgram.succeed(
      [
        "train", data, "--feedback", labelled, "--output", folder.file("better"), "--epochs", "1",
      ] + quickly)
    #expect(trained.messages.contains("5 added"), "\(trained.messages)")
  }

  @Test func `refuses runs without probabilities and bad options`() throws {
    let plain = folder.file("plain")
    try DecantProgram.succeed(
      ["train", data, "--output", plain, "--quiet", "--epochs", "1"] + quickly)
    try DecantProgram.refuse(
      ["label-next", plain, "--data", pool], code: 65, "not calibrated", "decant calibrate")
    try DecantProgram.refuse(
      ["label-next", run, "--data", pool, "--count", "0"], code: 64, "--count")
    try DecantProgram.refuse(
      ["label-next", run, "--data", pool, "--output", "list.csv"], code: 64, "list.csv")
    try DecantProgram.refuse(["label-next", run, "--data", folder.file("none")], code: 74, "none")
    let empty = folder.file("empty.txt")
    try writeAtomically("", to: empty)
    try DecantProgram.refuse(["label-next", run, "--data", empty], code: 65, "no documents")
  }
}
