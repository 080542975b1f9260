import ArgumentParser
import Foundation
import Models
import Storage

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Rank labels for texts.",
    discussion: """
      Texts are arguments, lines of a file, or lines of standard input, which are answered as they \
      arrive. A line that is not UTF-8 does not stop the others: it is named at the end, with exit \
      code 65. With --json an object {"error", "line"} replaces its answer.

      Examples:
        decant predict runs/tags --k 3 "a text editor for programmers"
        cut -f2 descriptions.tsv | decant predict runs/tags --json
        decant predict runs/patient --threshold tuned "a text editor for programmers"
      """)

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @OptionGroup(title: "Several models")
  var ensemble: EnsembleOptions

  @Argument(help: ArgumentHelp("Texts to label.", valueName: "text"))
  var texts: [String] = []

  @Option(help: "Labels per text (default: 5; with --threshold, all that reach it).")
  var k: Int?

  @OptionGroup var decisions: DecisionOptions

  @OptionGroup var lines: LineOptions

  @OptionGroup var threads: ThreadsOption

  @Flag(
    help: """
      Print one JSON object per text: {"text", "labels": [{"id", "score"}]}, with "known": false if \
      the model knows none of its features.
      """)
  var json = false

  func validate() throws {
    try require([("k", k, 1)])
    try lines.check(texts: texts)
    guard ensemble.isAlone || !(decisions.calibrated || decisions.threshold != nil) else {
      throw ValidationError(
        "--calibrated and --threshold need the scores of one run, without --with and "
          + "--logit-adjustment.")
    }
  }

  func run() throws {
    try reporting {
      let lines = texts.isEmpty ? try TextLines(path: self.lines.file) : nil
      let model = try ensemble.model(run_, threads: threads.count)
      let notes = TextNotes()
      let write =
        try decisions.writer(model, k: k, json: json, notes: notes)
        ?? { try self.write($0, model, notes) }
      guard let lines else { return try write(texts.map(\.normalizedToNFC)) }
      try self.lines.answer(lines, json: json, write)
    }
  }

  private func write(_ texts: [String], _ model: TrainedModel, _ notes: TextNotes) throws {
    var answer = ""
    for (text, prediction) in zip(texts, try model.predict(texts, k: k ?? 5)) {
      notes.say(isKnown: prediction.isKnown, isCut: prediction.isCut, by: model)
      if json {
        answer += try prediction.json(text: text) + "\n"
        continue
      }
      answer += text.onOneLine + "\n"
      if !prediction.isKnown { answer += TextNotes.unknown + "\n" }
      for label in prediction.labels {
        answer += String(format: "  %8.3f  ", label.score) + label.id.onOneLine + "\n"
      }
    }
    try StandardStreams.write(answer)
  }
}
