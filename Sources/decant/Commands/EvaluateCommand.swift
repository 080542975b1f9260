import ArgumentParser
import Datasets
import Models
import Storage

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluate a trained model on unseen documents.",
    discussion: """
      Ranks all labels for each document of a split and compares the ranking with the true labels: \
      precision, nDCG, propensity-scored precision (rare labels count more) and recall at k, in \
      percent. The data set's filter pairs are removed from the predictions first.

      By default it evaluates the test documents. It takes a single file that the run was not trained \
      on as test documents in full, and of the training file the fifth that was held out. Labels that \
      the run does not know count as misses; a note says how many.

      --full adds macro averages over labels, ten groups of labels by frequency, and groups of \
      documents by their number of labels. --json always has the first two, as "macro" and \
      "deciles".

      For a calibrated run (decant calibrate), the report has F1 of the decisions and the calibration \
      error of the probabilities (ECE).

      A run with --patience keeps two models: the one from the best validation epoch, and the last \
      one.

      Examples:
        decant evaluate runs/tags
        decant evaluate runs/tags --data data/other --json
        decant evaluate runs/tickets --data test.jsonl
        decant evaluate runs/tags --full --propensity amazon
        decant evaluate runs/patient --epoch last
        decant evaluate runs/a --with runs/b --with runs/c --logit-adjustment 0.1
      """)

  enum SplitName: String, ExpressibleByArgument, CaseIterable {
    case test, validation, train, all

    var value: TrainedModel.SplitName {
      switch self {
      case .test: .test
      case .validation: .validation
      case .train: .train
      case .all: .all
      }
    }
  }

  enum EpochName: String, ExpressibleByArgument, CaseIterable {
    case best, last
  }

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @OptionGroup(title: "Several models")
  var ensemble: EnsembleOptions

  @Option(
    help: ArgumentHelp(
      "Data set: a folder or a file (default: the one of the training).", valueName: "dir"))
  var data: String?

  @Option(
    help: """
      Documents to evaluate: test, validation, train or all (default: test, or all of a single file \
      that the run was not trained on).
      """)
  var split: SplitName?

  @Option(help: "Model of a run with --patience: from the best or the last epoch.")
  var epoch: EpochName = .best

  @Option(
    help: """
      Constants for the weight of rare labels in PSP: standard, wikipedia or amazon (default: those \
      in dataset.json, else standard).
      """)
  var propensity: PropensityName?

  @OptionGroup var malformed: SettingOptions<DataPart>

  @OptionGroup var threads: ThreadsOption

  @Flag(help: "Print macro averages and groups of labels too.")
  var full = false

  @Option(
    help: ArgumentHelp(
      "File for the top 100 labels of each document, one {\"id\", \"labels\", \"scores\"} per "
        + "line.", valueName: "file"))
  var rankings: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    try reporting {
      let model = try ensemble.model(
        run_, threads: threads.count, epoch: epoch == .best ? .best : .last)
      var report = try model.evaluate(
        split: split?.value, datasetPath: data,
        badLines: malformed.badLines == .skip ? .skip : nil, propensity: propensity?.value,
        rankings: rankings)
      if epoch == .last, !model.record.validationIsHeldOut {
        report.notes.append(
          "\(run_) has only one model, from its last epoch: --epoch has no effect")
      }
      for note in report.notes { StandardStreams.note(note) }
      report.decisions = try model.calibration().map { try model.judge(report, by: $0) }
      if json { return try StandardStreams.write(try report.json() + "\n") }
      try StandardStreams.write(
        report.table() + (report.decisionTable().map { "\n\n" + $0 } ?? "")
          + (full ? "\n\n" + (try report.detailedTables()) : "") + "\n")
    }
  }
}
