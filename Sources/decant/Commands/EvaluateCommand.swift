import ArgumentParser
import Datasets
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures a trained model on documents it has not seen.",
    discussion: """
      Ranks all labels for each document of a split and compares with the true ones: precision, \
      nDCG, propensity-scored precision (rare labels count more) and recall among the first k, in \
      percent. A data set's filter pairs are taken out of the predictions first.

      The test documents are judged. A single file that the run was not trained on is taken for test \
      documents as a whole; of the file that it was trained on, the fifth that training left out. \
      Labels of the documents that the run does not know are counted as misses, and said.

      With --full also the means over labels (each label counts the same), ten groups of labels \
      by frequency and groups of documents by their number of labels; --json always has the first \
      two, under "macro" and "deciles".

      Where decant calibrate has calibrated the run: F1 of the decisions and how far the \
      probabilities are from what comes true (ECE).

      A run made with --patience keeps two models: the one of the epoch that was best on the \
      validation part, and the last one.

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

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var run_: String

  @OptionGroup(title: "Several models")
  var ensemble: EnsembleOptions

  @Option(
    help: ArgumentHelp(
      "The data set, a folder or a file; the one trained on by default.", valueName: "dir"))
  var data: String?

  @Option(
    help: """
      Which documents: test, validation, train or all (default: test; all of a single file that the \
      run was not trained on).
      """)
  var split: SplitName?

  @Option(help: "Which epoch's model of a run with --patience: best or last.")
  var epoch: EpochName = .best

  @Option(
    help: """
      How much rare labels count in PSP: standard, wikipedia or amazon (default: as dataset.json \
      says, else standard).
      """)
  var propensity: PropensityName?

  @Flag(help: "Leave out lines of the data set that cannot be used, and count them.")
  var skipBad = false

  @Option(help: "Threads to compute with; as many as in training by default.")
  var threads: Int?

  @Flag(help: "Print means over labels and groups of labels too.")
  var full = false

  @Option(
    help: ArgumentHelp(
      "Also write the best 100 labels of each document, one {\"id\", \"labels\", \"scores\"} a "
        + "line.", valueName: "file"))
  var rankings: String?

  @Flag(help: "Write one JSON object.")
  var json = false

  func validate() throws { try validateThreads(threads) }

  func run() throws {
    try reporting {
      let model = try ensemble.model(
        run_, threads: threads, epoch: epoch == .best ? .best : .last)
      var report = try model.evaluate(
        split: split?.value, datasetPath: data,
        badLines: skipBad ? .skip : nil, propensity: propensity?.value,
        rankings: rankings)
      if epoch == .last, !model.record.validationIsHeldOut {
        report.notes.append(
          "\(run_) has one model, that of its last epoch: --epoch changes nothing")
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
