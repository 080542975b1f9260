import Foundation
import Storage
import TestSupport
import Testing

/// Vocabularies and lists of labels on the command line.
@Suite struct VocabularyTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().writeSingleFile(to: folder.file("data.jsonl"))
  }

  /// A table of labels in which every fourth label is above the three that follow.
  @discardableResult
  private func vocabulary(
    _ name: String = "v.csv", text: (Int) -> String = { "about \($0)" },
    parent: (Int) -> Int? = { $0 % 4 == 0 ? nil : $0 - $0 % 4 }
  ) throws -> String {
    let rows = (0..<SmallDataset.labelCount).map { label in
      let alternatives = (0..<4).map { SmallDataset.word(of: label, $0) }.joined(separator: "|")
      let above = parent(label).map { "label\($0)" } ?? ""
      return "label\(label),\(text(label)),\(alternatives),\(above)\n"
    }
    return try folder.write("id,text,alternatives,parents\n" + rows.joined(), to: name)
  }

  @discardableResult
  private func train(_ run: String, _ options: [String] = []) throws -> DecantProgram.Outcome {
    try DecantProgram.succeed(
      ["train", data, "--output", folder.file(run), "--defaults", "1", "--epochs", "3"] + options
        + quickly)
  }

  @Test func `a training learns from a vocabulary's texts and keeps its labels' rows`() throws {
    let first = try train("a", ["--vocabulary", vocabulary(), "--labels", "text"])
    #expect(first.messages.contains("describes 20 of the 20 labels (20 by id)"))
    // Texts without known words: all that the labels have are their alternatives.
    let quality = try Evaluation.of(folder.file("a")).values["P@1"] ?? 0
    #expect(quality > 80, "\(quality)")
    // A vocabulary with other texts in another order keeps the rows.
    let other = try vocabulary("w.csv", text: { "else \($0)" })
    let lines = try folder.text("w.csv").split(separator: "\n")
    try folder.write(
      ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n"), to: "w.csv")
    try train("b", ["--vocabulary", other, "--labels", "text"])
    #expect(
      try contents(folder.file("a/labels.json")) == contents(folder.file("b/labels.json")))
    let plain = try train("c", ["--labels", "text"])
    #expect(!plain.messages.contains("describes"))
    let without = try Evaluation.of(folder.file("c")).values["P@1"] ?? 0
    #expect(without < quality, "\(without)")
  }

  @Test func `labels unknown to the vocabulary are counted and named`() throws {
    let some = try folder.write("id,text\nlabel1,one\nlabel2,two\nother,three\n", to: "some.csv")
    let outcome = try train("a", ["--vocabulary", some])
    #expect(
      outcome.messages.contains(
        "describes 2 of the 20 labels (2 by id); unknown to it: "), "\(outcome.messages)")
    let none = try folder.write("id,text\nfar,away\n", to: "none.csv")
    try DecantProgram.refuse(
      ["train", data, "--output", folder.file("b"), "--vocabulary", none, "--quiet"], code: 65,
      "none.csv: none of the 20 labels", "\"far\"")
    #expect(try names(in: folder.file("b")).isEmpty)
    try DecantProgram.refuse(
      ["train", data, "--output", folder.file("b"), "--language", "sv"], code: 64,
      "--language changes nothing here: it needs --vocabulary")
  }

  @Test func `evaluates with the labels above and by label`() throws {
    try train("run")
    let run = folder.file("run")
    let table = folder.file("labels.tsv")
    let outcome = try DecantProgram.succeed([
      "evaluate", run, "--vocabulary", vocabulary(), "--by-label", table,
    ])
    #expect(outcome.output.contains("with the labels above them      hP      hR      hF"))
    let values = try Evaluation.of(run, "--vocabulary", vocabulary()).values
    let (plain, above) = (values["P@1"] ?? 0, values["hP@1"] ?? 0)
    #expect(above >= plain - 1e-9 && above <= 100, "\(above) \(plain)")
    #expect(values["hF@5"] != nil && values["hR@3"] != nil)

    let lines = try folder.text("labels.tsv").split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false)
    }
    #expect(lines.count == 1 + SmallDataset.labelCount)
    #expect(
      lines[0].joined(separator: " ")
        == "label text training_documents test_documents true_positives false_positives precision "
        + "recall f1 average_precision")
    #expect(lines.allSatisfy { $0.count == 10 })
    let seven = try #require(lines.first { $0[0] == "label7" })
    #expect(seven[1] == "about 7" && (Int(seven[2]) ?? 0) > 0)
    let documents = lines.dropFirst().reduce(0) { $0 + (Int($1[3]) ?? 0) }
    #expect(Double(documents) == values["pairs"])

    let cycle = try vocabulary("cycle.csv", parent: { ($0 + 1) % 3 })
    try DecantProgram.refuse(
      ["evaluate", run, "--vocabulary", cycle], code: 65, "cycle.csv: a label is above itself",
      "label0 → label1")
  }

  @Test func `ranks only the labels of a file, or all but those`() throws {
    try train("run")
    let run = folder.file("run")
    let text = "word3x0 word3x1 word5x0 word5x2"
    let some = try folder.write("label3\r\n\nlabel9\n", to: "some.txt")
    let only = try DecantProgram.succeed(["predict", run, "--only", some, "--json", text])
    #expect(only.output.components(separatedBy: "\"score\"").count == 3)
    #expect(only.output.contains("label3") && only.output.contains("label9"))
    let rest = try DecantProgram.succeed([
      "predict", run, "--except", some, "--k", "20", "--json", text,
    ])
    #expect(rest.output.contains("label5") && !rest.output.contains("label3\""))
    let values = try Evaluation.of(run, "--only", some).values
    #expect(values["R@10"] == 100)

    let odd = try folder.write("label3\nlabel77\nlabel78\n", to: "odd.txt")
    try DecantProgram.refuse(
      ["predict", run, "--only", odd, text], code: 65, "odd.txt:2: the run does not have 2",
      "\"label77\"", "--skip-unknown")
    let skipping = try DecantProgram.succeed([
      "predict", run, "--only", odd, "--skip-unknown", text,
    ])
    #expect(skipping.messages.contains("2 labels unknown to the run and skipped"))
    try DecantProgram.refuse(
      ["predict", run, "--only", some, "--except", some, text], code: 65, "none of the model's 20")
    try DecantProgram.refuse(["predict", run, "--skip-unknown", text], code: 64, "--only")
  }

  @Test func `a text without a known word gets no labels`() throws {
    try train("run", ["--memory"])
    for options in [[], ["--with", folder.file("run")], ["--logit-adjustment", "0.3"]] {
      let outcome = try DecantProgram.succeed(
        ["predict", folder.file("run")] + options + ["qwertz zuiop"])
      #expect(
        outcome.output
          == "qwertz zuiop\n  nothing known: the model knows no word of this text\n")
    }
  }
}
