import ArgumentParser
import Datasets
import Foundation
import Learning
import Training

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Lists the labels of a data set that are probably wrong or missing.",
    discussion: """
      Deals the training documents into folds, judges each fold by a model of the others, and \
      compares what the models and the nearest documents say with what is given. Test documents \
      are not looked at: of a single file, a fifth. An audit that is interrupted begins anew.

      Two lists come out, the most suspicious first: given labels that are probably wrong, and \
      labels that are probably missing, each with the model's probability, how likely the label \
      usually is where it is given, and near documents that agree. A star marks errors by the \
      rule of confident learning; the others are merely likely.

      In a .tsv file, tabs, line ends, backslashes and control characters of names are written as \
      \\t, \\n, \\r, \\\\ and \\u001b.

      The models are trained with the settings of --like, where it is given, and the options here. \
      --keep saves what they said, so that --scores can list more of it in a moment.

      Examples:
        decant audit data/debian-tags --missing --top 50
        decant audit data/debian-tags --like runs/tags --keep audits/tags --output errors.tsv
        decant audit data/debian-tags --scores audits/tags --as-feedback verdicts.jsonl
        decant train data/debian-tags --feedback verdicts.jsonl --output runs/corrected
      """)

  @Argument(help: ArgumentHelp("The data set: a folder or a file.", valueName: "dir"))
  var dataset: String

  @Option(help: "Into how many folds documents are dealt (default: 5).")
  var folds: Int?

  @Option(help: "How many findings each list has.")
  var top = 100

  @Flag(help: "Only the labels that are probably missing.")
  var missing = false

  @Flag(help: "Only the labels that are probably wrong.")
  var wrong = false

  @Option(help: "How many near documents are asked; 0 for none.")
  var neighbours = 10

  @Option(
    help: ArgumentHelp(
      "Labels that fewer documents have are not judged.", valueName: "count"))
  var minimumCount = LabelAudit().minimumCount

  @Option(
    help: ArgumentHelp("Write the lists to a .jsonl or .tsv file.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write the lists as verdicts for decant train --feedback.", valueName: "file"))
  var asFeedback: String?

  @Option(help: ArgumentHelp("A folder to save all scores to.", valueName: "folder"))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "Scores that --keep has saved; nothing is trained.", valueName: "folder"))
  var scores: String?

  @OptionGroup(title: "Training")
  var training: AuditTrainingOptions

  @Flag(help: "Leave out lines of the data set that cannot be used, and count them.")
  var skipBad = false

  @Flag(help: "Say nothing but the lists and errors.")
  var quiet = false

  func validate() throws {
    if let folds, !(2...100 ~= folds) {
      throw ValidationError("--folds is \(folds); it must be 2 to 100.")
    }
    for (name, value, least) in [
      ("top", top, 1), ("neighbours", neighbours, 0), ("minimum-count", minimumCount, 0),
    ]
    where value < least {
      throw ValidationError("--\(name) is \(value); it must be at least \(least).")
    }
    guard !(missing && wrong) else {
      throw ValidationError("--missing and --wrong: give one of them, or neither for both lists.")
    }
    if let output, !output.hasSuffix(".jsonl"), !output.hasSuffix(".tsv") {
      throw ValidationError("--output is \(output); it must end in .jsonl or .tsv.")
    }
    guard scores == nil || (keep == nil && folds == nil && training.areUsual) else {
      throw ValidationError(
        "--scores trains nothing: leave out --keep, --folds and the training options.")
    }
  }

  private var faults: [LabelAudit.Fault] {
    missing ? [.missing] : wrong ? [.wrong] : [.wrong, .missing]
  }

  func run() throws {
    try reporting {
      let path = URL(fileURLWithPath: dataset).standardizedFileURL.path
      var settings = try training.settings(dataset: path)
      if skipBad { settings.badLines = .skip }
      let data = try Dataset.read(path, badLines: settings.badLines)
      if !quiet, scores == nil { noteThreads(settings.threads) }
      let progress = quiet ? nil : ProgressBar()
      let found = try outOfSampleScores(of: data, settings, progress)
      if data.documents.count > data.train.count, !quiet {
        StandardStreams.note(
          "\(data.train.count) of \(data.documents.count) documents are audited: those of train")
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
      if let output {
        try output.hasSuffix(".tsv") ? listing.writeTSV(to: output) : listing.writeJSON(to: output)
      }
      if let asFeedback { try listing.writeFeedback(to: asFeedback) }
      // Whoever asked for a file has the lists there.
      let shown = output == nil && asFeedback == nil ? top : 0
      try StandardStreams.write(listing.table(faults, count: shown) + "\n")
    }
  }

  private func outOfSampleScores(
    of data: Dataset, _ settings: TrainingConfiguration, _ progress: ProgressBar?
  ) throws -> OutOfSampleScores {
    if let scores { return try OutOfSampleScores(contentsOf: scores, for: data) }
    let validation = CrossValidation(
      settings, folds: folds ?? 5, neighbours: neighbours, decantVersion: Decant.version)
    return try validation.run(
      on: data, progress: progress, isInterrupted: Interruption.isRequested)
  }
}
