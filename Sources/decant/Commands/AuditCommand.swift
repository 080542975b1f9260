import ArgumentParser
import Datasets
import Foundation
import Models
import Noise
import Storage
import Training

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "List labels of a data set that are probably wrong or missing.",
    discussion: HelpLevel.discussion(
      "audit",
      short: """
        Trains models without the documents that they judge, and lists the labels that disagree with \
        them. Of a single file, a fifth is held out as test documents, which are not audited.

        Examples:
          decant audit tickets.csv
          decant audit tickets.csv --missing --top 50
          decant audit data/debian-tags --like runs/tags --output errors.tsv
        """,
      full: """
        Splits the training documents into folds, predicts each fold with a model trained on the \
        others, and compares the given labels with the predictions and with the nearest documents. \
        Test documents are not audited; of a single file, that is a fifth. An interrupted audit starts \
        over.

        Prints two lists, the most suspicious first: given labels that are probably wrong, and labels \
        that are probably missing. Each entry has the model's probability, the usual probability of \
        the label where it is given, and near documents that agree. A star marks errors by the rule of \
        confident learning; the others are less certain.

        A .tsv file has tabs, line ends, backslashes and control characters in names as \
        \\t, \\n, \\r, \\\\ and \\u001b.

        The models are trained with the settings of --like, if given, or else with the defaults for \
        the data, and with the options here. \
        --keep saves their scores, so that --scores can list more entries without training.

        Examples:
          decant audit data/debian-tags --missing --top 50
          decant audit data/debian-tags --like runs/tags --keep audits/tags --output errors.tsv
          decant audit data/debian-tags --scores audits/tags --as-feedback verdicts.jsonl
          decant train data/debian-tags --feedback verdicts.jsonl --output runs/audited
        """))

  @Argument(help: ArgumentHelp("Data set: a folder or a file.", valueName: "dir"))
  var dataset: String

  @Option(help: "Number of folds, 2 to 100 (default: 5).")
  var folds: Int?

  @Option(help: "Length of each list.")
  var top = 100

  @Flag(help: "List only missing labels.")
  var missing = false

  @Flag(help: "List only wrong labels.")
  var wrong = false

  @Option(
    help: ArgumentHelp(
      "Number of nearest documents to compare with; 0 for none.", visibility: .rare))
  var neighbours = 10

  @Option(
    help: ArgumentHelp(
      "Skip labels that fewer documents have.", valueName: "count", visibility: .rare))
  var minimumCount = LabelAudit().minimumCount

  @Option(
    help: ArgumentHelp(
      "Write the lists with all texts to a .jsonl, .tsv or .csv file.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write the lists as verdicts for decant train --feedback.", valueName: "file"))
  var asFeedback: String?

  @Option(
    help: ArgumentHelp("Folder to save all scores to.", valueName: "folder", visibility: .rare))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "Folder with scores that --keep saved; trains nothing.", valueName: "folder",
      visibility: .rare))
  var scores: String?

  @OptionGroup var training: AuditTrainingOptions

  @OptionGroup var processes: ProcessOptions

  @OptionGroup(title: HelpLevel.title("Data")) var malformed: SettingOptions<DataPart>
  @OptionGroup(title: HelpLevel.title("Parts")) var files: SettingOptions<FilePart>

  @Flag(help: "Print only the lists and errors.")
  var quiet = false

  func validate() throws {
    if let folds, !(2...100 ~= folds) {
      throw ValidationError("--folds is \(folds); it must be 2 to 100.")
    }
    try require([
      ("top", top, 1), ("neighbours", neighbours, 0), ("minimum-count", minimumCount, 0),
    ])
    guard !(missing && wrong) else {
      throw ValidationError("Give --missing or --wrong, or neither for both lists.")
    }
    if let output, RowsFormat(path: output) == nil {
      throw ValidationError("--output is \(output); it must end in .jsonl, .tsv or .csv.")
    }
    guard scores == nil || (keep == nil && folds == nil && training.areUsual) else {
      throw ValidationError(
        "--scores trains nothing: leave out --keep, --folds and the training options.")
    }
    guard scores == nil || processes.processes ?? 1 == 1 else {
      throw ValidationError("--scores trains nothing that --processes could divide.")
    }
  }

  private var faults: [LabelAudit.Fault] {
    missing ? [.missing] : wrong ? [.wrong] : [.wrong, .missing]
  }

  func run() throws {
    try reporting {
      try processes.run(quiet: quiet) {
        try requireFiles([dataset], for: "--processes")
      } _: { rank in
        do {
          try audit(as: rank)
        } catch TrainingError.interruptedInFold where !(rank?.isFirst ?? true) {
          // The first one says so.
          throw ExitCode(Interruption.exitCode)
        }
      }
    }
  }

  /// Audits in this process, alone or as one of several, of which the first reports.
  private func audit(as rank: TrainingRank?) throws {
    let isFirst = rank?.isFirst ?? true
    guard isFirst || scores == nil else { return }
    let (data, settings) = try processes.prepared(rank) {
      try prepare(as: rank)
    } announcing: { (prepared: (data: Dataset, settings: TrainingConfiguration)) in
      Array(try JSONEncoder.stable.encode(prepared.settings))
    }
    let progress = quiet || !isFirst ? nil : ProgressBar()
    guard let found = try outOfSampleScores(of: data, settings, progress, as: rank) else { return }
    if data.documents.count > data.train.count, !quiet {
      StandardStreams.note(
        "\(data.train.count) of \(data.documents.count) documents are audited: the training documents"
      )
    }
    if let keep { try found.write(to: keep, of: data) }
    var audit = LabelAudit()
    audit.neighbours.count = max(neighbours, 1)
    if neighbours == 0 { audit.neighbourWeight = 0 }
    audit.minimumCount = minimumCount
    var report = try audit(
      found, given: data.train.labels, filter: data.train.filter, top: top)
    if missing { report.wrong = [] }
    if wrong { report.missing = [] }
    let listing = AuditListing(report, of: data)
    if let output { try listing.write(to: output) }
    if let asFeedback { try listing.writeFeedback(to: asFeedback) }
    if !quiet {
      for file in [output, asFeedback].compactMap(\.self) {
        StandardStreams.note("\(file): written")
      }
    }
    // A file has the lists already.
    let shown = output == nil && asFeedback == nil ? top : 0
    try StandardStreams.write(listing.table(faults, count: shown) + "\n")
  }

  /// The data and the settings, which only the first of several processes chooses by the data.
  private func prepare(as rank: TrainingRank?) throws
    -> (data: Dataset, settings: TrainingConfiguration)
  {
    let (data, settings) = try readData(as: rank)
    guard rank?.isFirst ?? true, scores == nil else { return (data, settings) }
    return (data, try chosenSettings(settings, following: data, as: rank))
  }

  /// The data, with settings for reading it.
  private func readData(as rank: TrainingRank?) throws
    -> (data: Dataset, settings: TrainingConfiguration)
  {
    var settings = try training.settings(
      dataset: absolutePath(dataset), threads: processes.threads(nil, as: rank))
    if malformed.badLines == .skip { settings.badLines = .skip }
    if let reading = try (malformed.given + files.given).reading() { settings.data = reading }
    let isQuiet = quiet || !(rank?.isFirst ?? true)
    let data = try Dataset.read(for: settings) { if !isQuiet { StandardStreams.note($0) } }
    if scores == nil {
      try CrossValidation.refuseEmptyFolds(of: data, count: folds ?? 5, at: settings.dataset)
    }
    return (data, settings)
  }

  /// The settings with the defaults that follow from the data.
  private func chosenSettings(
    _ read: TrainingConfiguration, following data: Dataset, as rank: TrainingRank?
  ) throws -> TrainingConfiguration {
    if !quiet { noteThreads(read.threads) }
    var settings = try training.settings(
      dataset: read.dataset, following: data, threads: processes.threads(nil, as: rank)
    ) {
      if !quiet { StandardStreams.note($0) }
    }
    (settings.badLines, settings.data) = (read.badLines, read.data)
    return settings
  }

  /// The scores of all folds; nil on other ranks than the first.
  private func outOfSampleScores(
    of data: Dataset, _ settings: TrainingConfiguration, _ progress: ProgressBar?,
    as rank: TrainingRank?
  ) throws -> OutOfSampleScores? {
    if let scores { return try OutOfSampleScores(contentsOf: scores, for: data) }
    var settings = settings
    if let rank, !rank.isFirst {
      // The first one has chosen them by the data.
      settings = try JSONDecoder().decode(
        TrainingConfiguration.self, from: Data(try rank.waitForPreparation()))
    }
    let validation = CrossValidation(
      settings, folds: folds ?? 5, neighbours: neighbours, decantVersion: Decant.version)
    guard let rank else {
      return try validation.run(
        on: data, progress: progress, isInterrupted: Interruption.isRequested)
    }
    return try validation.run(
      on: data, as: rank, progress: progress, isInterrupted: Interruption.isRequested)
  }
}
