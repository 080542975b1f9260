import ArgumentParser
import Training

/// Several models as one, on the command line.
struct EnsembleOptions: ParsableArguments {
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      "Another run on the same data set; labels are ranked by the mean score. Repeatable.",
      valueName: "run"))
  var others: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Take this multiple of a label's log prior off its score, in favour of rare labels \
      (default: 0).
      """, valueName: "strength"))
  var logitAdjustment = 0.0

  func validate() throws {
    guard logitAdjustment.isFinite else {
      throw ValidationError("--logit-adjustment is \(logitAdjustment); it must be finite.")
    }
  }

  /// Whether the scores are the run's own.
  var isAlone: Bool { others.isEmpty && logitAdjustment == 0 }

  /// Opens the runs.
  func model(_ run: String, threads: Int?, epoch: KeptEpoch = .best) throws -> TrainedModel {
    func opened(_ path: String) throws -> TrainedModel {
      try TrainedModel(folder: RunFolder(path: path), threads: threads, epoch: epoch)
    }
    return try opened(run).averaged(with: others.map(opened))
      .adjusted(byLogPrior: logitAdjustment)
  }
}
