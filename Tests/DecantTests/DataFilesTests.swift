import Foundation
import Storage
import TestSupport
import Testing

/// Training, evaluation and conversion of files as other programs write them.
@Suite struct DataFilesTests {
  private let folder: TemporaryFolder
  private let small = SmallDataset()

  init() throws { folder = try TemporaryFolder() }

  /// A table of some rows, with a customer for every five.
  private func table(_ rows: some Sequence<SmallDataset.Row>, to name: String) throws -> String {
    try folder.write(
      "Title,Body,Tags,Customer\r\n"
        + rows.enumerated().map { index, row in
          let words = row.text.split(separator: " ")
          return "\(words[0]),\"\(words.dropFirst().joined(separator: "\n"))\","
            + "\(row.labels.joined(separator: ";")),c\(index / 5)\r\n"
        }.joined(), to: name)
  }

  private func train(_ arguments: String...) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train"] + arguments + ["--output", run, "--epochs", "10", "--quiet"] + quickly)
    return run
  }

  @Test func `a run of tables finds its data and its columns again`() throws {
    let parts = [
      try table(small.rows[..<200], to: "train.csv"),
      try table(small.rows[200..<230], to: "dev.csv"),
      try table(small.rows[230...], to: "test.csv"),
    ]
    let options = ["--validation", parts[1], "--test", parts[2], "--text", "title,body"]
    let run = folder.file("run")
    let command =
      ["train", parts[0], "--output", run, "--epochs", "10", "--quiet"] + options + quickly
    try DecantProgram.succeed(command)
    let test = try Evaluation.of(run)
    #expect(test.split == "test" && test.values["documents"] == 70)
    #expect(test.values["P@1"] ?? 0 > 80, "\(test.values)")
    // No training learns from a separate validation file.
    #expect(try Evaluation.of(run, "--split", "validation").values["documents"] == 30)
    try DecantProgram.succeed(["calibrate", run])
    #expect(try Evaluation.of(run, "--split", "train").values["documents"] == 200)
    // Another file has the same columns, or usual ones.
    let other = try Evaluation.of(run, "--data", parts[2])
    #expect(other.split == "all" && other.values["P@1"] == test.values["P@1"])
    let lines = try folder.write(
      small.rows[230...].map { row in
        let words = row.text.split(separator: " ").joined(separator: "\\n")
        return "{\"text\":\"\(words)\",\"labels\":\"\(row.labels.joined(separator: ";"))\"}\n"
      }.joined(), to: "test.jsonl")
    let named = try Evaluation.of(run, "--data", lines, "--separator", ";")
    #expect(named.values["P@1"] == test.values["P@1"])
    // A run that is resumed must have the same columns.
    try FileManager.default.removeItem(atPath: "\(run)/run.json")
    try DecantProgram.refuse(
      ["train", parts[0], "--resume", "--output", run, "--label", "Customer"], code: 64,
      "other settings")
  }

  @Test func `two texts without a common word are trained on`() throws {
    let path = try folder.write(
      "text,label\nthe printer,printing\nno signal,network\n", to: "t.csv")
    let run = folder.file("run")
    let outcome = try DecantProgram.succeed(["train", path, "--output", run] + quickly)
    #expect(outcome.messages.contains("minimumDocumentCount 1 (fewer than 20 documents)"))
    let record = try String(contentsOfFile: "\(run)/run.json", encoding: .utf8)
    #expect(record.contains("features.minimumDocumentCount"), "\(record)")
  }

  @Test func `a file that is split by a column is split alike in evaluation`() throws {
    let path = try table(small.rows, to: "all.csv")
    let run = try train(path, "--text", "Title,Body", "--group", "Customer")
    let test = try Evaluation.of(run)
    #expect(test.split == "test" && (20..<120).contains(test.values["documents"] ?? 0))
    let all = try Evaluation.of(run, "--split", "all")
    #expect(all.values["documents"] == 300)
    let learnt = try Evaluation.of(run, "--split", "train")
    #expect(
      (learnt.values["documents"] ?? 0) + (test.values["documents"] ?? 0) == 300)
    #expect(!test.notes.contains { $0.contains("has changed") }, "\(test.notes)")
  }

  @Test func `reads standard input, pipes and several files`() throws {
    let (one, two) = (
      try table(small.rows[..<150], to: "one.csv"), try table(small.rows[150...], to: "two.csv")
    )
    let run = try train(one, two, "--text", "Title,Body")
    #expect(try Evaluation.of(run, "--split", "all").values["documents"] == 300)
    let shown = try DecantProgram.succeed(
      ["data", "convert", "-", "--text", "Title,Body", "--output", folder.file("data")], input: one)
    #expect(shown.output.contains("standard input: CSV (separator \",\")"), "\(shown.output)")
    #expect(shown.output.contains("labels: \"Tags\", separated by \";\""), "\(shown.output)")
    let inspection = try DecantProgram.succeed(["inspect", folder.file("data")])
    #expect(inspection.output.contains("150 documents"), "\(inspection.output)")
    // A pipe is read once.
    let evaluation = try DecantProgram.succeed(
      ["evaluate", run, "--data", "/dev/stdin", "--json"], input: two)
    #expect(evaluation.output.contains("\"documents\":150"), "\(evaluation.output)")
  }

  @Test func `a settings file names columns and parts`() throws {
    let (one, two) = (
      try table(small.rows[..<200], to: "one.csv"), try table(small.rows[200...], to: "two.csv")
    )
    let settings = folder.file("settings.json")
    try DecantProgram.succeed(
      ["new", settings, "--data", one, "--test", two, "--text", "Title,Body", "--separator", ";"])
    let run = try train("--config", settings)
    #expect(try Evaluation.of(run).values["documents"] == 100)
    // Options override the file.
    try DecantProgram.refuse(
      ["train", "--config", settings, "--text", "Subject", "--output", folder.file("x")], code: 65,
      "the column \"Subject\" is missing")
  }

  @Test func `shows how a file is understood, or why it is not`() throws {
    let path = try table(small.rows[..<20], to: "some.csv")
    let shown = try DecantProgram.succeed(["data", "convert", path])
    #expect(shown.output.contains("text: \"Title\", \"Body\"; labels: \"Tags\""))
    #expect(shown.lines.count == 6 && shown.lines[1].hasPrefix("  2  word"), "\(shown.output)")
    let unclear = try folder.write("body,content,tags\na,b,c\n", to: "unclear.csv")
    try DecantProgram.refuse(
      ["data", "convert", unclear], code: 65, "\"body\" and \"content\" may be the text",
      "--text body,content", "\"tags\"")
    try DecantProgram.refuse(
      ["train", path, "--output", folder.file("x"), "--text", "Subject"], code: 65,
      "the column \"Subject\" is missing", "\"Tags\"")
    try DecantProgram.refuse(
      ["train", path, "--output", folder.file("x"), "--format", "exel"], code: 64, "one of jsonl")
    #expect(!FileManager.default.fileExists(atPath: folder.file("x")))
    try DecantProgram.refuse(
      ["inspect", path, "--text", "Title", "--group", "Customer", "--time", "Customer"], code: 65,
      "cannot be combined")
  }
}
