import ArgumentParser
import Datasets
import Models
import Storage
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluate a trained model on unseen documents.",
    discussion: HelpLevel.discussion(
      "evaluate",
      full: """
        Ranks all labels for each document of a split and compares the ranking with the true labels: \
        precision, nDCG, propensity-scored precision (rare labels count more) and recall at k, in \
        percent. The data set's filter pairs are removed from the predictions first.

        By default it evaluates the test documents: all of the file that --test named in the training. \
        It takes a single file that the run was not trained \
        on as test documents in full, and of the training file the fifth that was held out. Labels that \
        the run does not know count as misses; a note says how many.

        --full adds macro averages over labels, ten groups of labels by frequency, and groups of \
        documents by their number of labels. --json always has the first two, as "macro" and \
        "deciles".

        With --vocabulary, or if the data set's labels have parents, it also has precision, recall and \
        F1 of the labels together with all labels above them (hP, hR, hF): a wrong label counts in part \
        if it shares ancestors with a right one. --by-label writes a table with a row per label.

        For a calibrated run (decant calibrate), the report has F1 of the decisions and the calibration \
        error of the probabilities (ECE).

        A run with --patience keeps two models: the one from the best validation epoch, and the last \
        one.

        Examples:
          decant evaluate runs/tags
          decant evaluate runs/tags --data data/other --json
          decant evaluate runs/tickets --data test.csv
          decant evaluate runs/tags --full --propensity amazon
          decant evaluate runs/patient --epoch last
          decant evaluate runs/tags --vocabulary thesaurus.ttl --language en --by-label labels.tsv
          decant evaluate runs/a --with runs/b --with runs/c --logit-adjustment 0.1
          decant evaluate runs/nested --dimensions 32
        """))

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

  @OptionGroup(title: HelpLevel.title("Several models"))
  var ensemble: EnsembleOptions

  @OptionGroup var dimensions: DimensionsOption

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

  @Option(
    help: ArgumentHelp(
      "Model of a run with --patience: from the best or the last epoch.", visibility: .rare))
  var epoch: EpochName = .best

  @Option(
    help: ArgumentHelp(
      """
      Constants for the weight of rare labels in PSP: standard, wikipedia or amazon (default: those \
      in dataset.json, else standard).
      """, visibility: .rare))
  var propensity: PropensityName?

  @OptionGroup(title: HelpLevel.title("Data")) var malformed: SettingOptions<DataPart>

  @OptionGroup var vocabulary: VocabularyOptions

  @OptionGroup(title: HelpLevel.title("Some of the labels")) var restriction: RestrictionOptions

  @OptionGroup var threads: ThreadsOption

  @OptionGroup var processes: ProcessOptions

  @Flag(help: "Print macro averages and groups of labels too.")
  var full = false

  @Option(
    help: ArgumentHelp(
      "File for the top 100 labels of each document, one {\"id\", \"labels\", \"scores\"} per "
        + "line.", valueName: "file"))
  var rankings: String?

  @Option(
    help: ArgumentHelp(
      "Tab-separated file for the quality of each label.", valueName: "file"))
  var byLabel: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    try reporting {
      try processes.run(quiet: json) {
        try requireFiles([data, restriction.only, restriction.except], for: "--processes")
      } _: {
        try evaluate(as: $0)
      }
    }
  }

  /// Evaluates in this process, alone or as one of several, of which the first reports.
  private func evaluate(as rank: TrainingRank?) throws {
    let isFirst = rank?.isFirst ?? true
    let (vocabulary, model, documents) = try processes.prepared(rank) { try prepare(as: rank) }
    let ranked = try model.rank(documents, joining: rank?.group())
    guard isFirst else { return }
    try report(
      model,
      model.evaluate(
        documents, ranked: ranked, propensity: propensity?.value, rankings: rankings), vocabulary)
  }

  private func prepare(as rank: TrainingRank?) throws
    -> (LabelVocabulary?, TrainedModel, TrainedModel.EvaluationInputs)
  {
    let isFirst = rank?.isFirst ?? true
    // Read first: a fault in it should not cost an evaluation.
    let hierarchy = try isFirst ? vocabulary.read() : nil
    let model = try restriction.restricted(
      dimensions.applied(
        to: ensemble.model(
          run_, threads: processes.threads(threads.count, as: rank),
          epoch: epoch == .best ? .best : .last,
          part: rank.map { LabelPart(rank: $0.place.rank, size: $0.place.size) }),
        quiet: !isFirst), quiet: !isFirst)
    let part = try model.judgedPart(
      split?.value, datasetPath: data, reading: malformed.given.reading(),
      badLines: malformed.badLines == .skip ? .skip : nil)
    return (hierarchy, model, try model.evaluationInputs(of: part))
  }

  private func report(
    _ model: TrainedModel, _ evaluated: EvaluationReport, _ vocabulary: LabelVocabulary?
  ) throws {
    var report = evaluated
    if epoch == .last, !model.record.validationIsHeldOut {
      report.notes.append(
        "\(run_) has only one model, from its last epoch: --epoch has no effect")
    }
    let hierarchy = try hierarchy(of: &report, in: vocabulary)
    for note in report.notes { StandardStreams.note(note) }
    let calibration = try model.calibration()
    report.decisions = try calibration.map { try model.judge(report, by: $0) }
    report.assigned = try calibration.map { try model.assign(report, by: $0) }
    report.hierarchy = hierarchy.map { HierarchyQuality(report, in: $0) }
    if let byLabel { try report.writeLabels(to: byLabel) }
    if json { return try StandardStreams.write(try report.json() + "\n") }
    try StandardStreams.write(
      report.table() + (report.hierarchy.map { "\n\n" + $0.table() } ?? "")
        + (report.decisionTable().map { "\n\n" + $0 } ?? "")
        + (full ? "\n\n" + (try report.detailedTables()) : "") + "\n")
  }

  /// The hierarchy of the vocabulary, or else of the data set; describes the report's labels.
  private func hierarchy(
    of report: inout EvaluationReport, in vocabulary: LabelVocabulary?
  ) throws -> LabelHierarchy? {
    guard let vocabulary else {
      return try LabelHierarchy(report.labels, path: data ?? run_)
    }
    let names = report.labels.ids
    let (labels, match) = try report.labels.described(by: vocabulary)
    report.labels = labels
    report.notes.append(match.sentence(path: vocabulary.path))
    guard let hierarchy = try LabelHierarchy(names, in: vocabulary) else {
      report.notes.append("\(vocabulary.path) has no parents, so hP, hR and hF are left out")
      return nil
    }
    return hierarchy
  }
}
