import ArgumentParser
import Foundation
import Models
import Storage

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Rank labels for texts.",
    discussion: HelpLevel.discussion(
      "predict",
      short: """
        Texts are arguments, lines of a file or of standard input, or records as decant train reads them: \
        a file named .csv, .tsv, .json or .jsonl has records. The columns of the text are those of the \
        training, unless --text names others.

        Examples:
          decant predict runs/tags --k 3 "a text editor for programmers"
          decant predict runs/tickets --file new.csv --keep customer --output answers.csv
          cut -f2 descriptions.tsv | decant predict runs/tags --json
        """,
      full: """
        Texts are arguments, or come from files or standard input and are answered as they arrive: \
        lines, or records as decant train reads them. A file named .jsonl, .json, .csv or .tsv, also \
        compressed, has records; --format, --text, --id and --keep say so for others. The columns of \
        the text are those of the training, unless --text names others.

        A text that cannot be read does not stop the others: it is named at the end, with exit code \
        65. With --json an object {"error", "line"} replaces its answer.

        A text in which the run knows no word gets no labels.

        Examples:
          decant predict runs/tags --k 3 "a text editor for programmers"
          cut -f2 descriptions.tsv | decant predict runs/tags --json
          decant predict runs/tickets --file new.csv --keep customer --output answers.csv
          tail -f new.jsonl | decant predict runs/tickets --format jsonl --output-format tsv
          decant predict runs/patient --threshold tuned "a text editor for programmers"
          decant predict runs/tags --except withdrawn.txt "a text editor for programmers"
        """))

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @OptionGroup(title: HelpLevel.title("Several models"))
  var ensemble: EnsembleOptions

  @Argument(help: ArgumentHelp("Texts to label.", valueName: "text"))
  var texts: [String] = []

  @Option(help: "Labels per text (default: 5; with --threshold, all that reach it).")
  var k: Int?

  @OptionGroup var dimensions: DimensionsOption

  @OptionGroup var decisions: DecisionOptions

  @OptionGroup(title: HelpLevel.title("Some of the labels")) var restriction: RestrictionOptions

  @OptionGroup(title: HelpLevel.title("Texts")) var input: TextInputOptions

  @OptionGroup(title: HelpLevel.title("Answers")) var answers: AnswerOptions

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    try require([("k", k, 1)])
    try input.check(texts: texts)
    let areOwnScores = ensemble.isAlone(run_) && dimensions.count == nil
    guard areOwnScores || !decisions.areDecisions else {
      throw ValidationError(
        "--calibrated and --threshold need the scores of one run, without other members, --with, "
          + "--logit-adjustment and --dimensions.")
    }
  }

  func run() throws {
    try reporting {
      let model = try restriction.restricted(
        dimensions.applied(to: ensemble.model(run_, threads: threads.count)))
      let texts = try input.open(texts: self.texts, as: model.configuration.data)
      let decide = try decisions.ranking(model, k: k)
      let output = try RankedAnswers(
        answers, of: .labels, hasTexts: model.hasLabelTexts, hasProbabilities: decide != nil,
        keeping: texts.kept)
      try output.write(
        texts, input, by: model, ranking: decide ?? { try model.predict($0, k: k ?? 5) })
    }
  }
}
