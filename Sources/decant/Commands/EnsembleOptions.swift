import ArgumentParser
import Models

/// The options that combine several models.
struct EnsembleOptions: ParsableArguments {
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      "Another run on the same data set; labels are ranked by the mean score. Repeatable.",
      valueName: "run", visibility: .rare))
  var others: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Subtract this multiple of a label's log prior from its score, which favours rare labels.
      """, valueName: "strength", visibility: .rare))
  var logitAdjustment = 0.0

  func validate() throws {
    guard logitAdjustment.isFinite else {
      throw ValidationError("--logit-adjustment is \(logitAdjustment); it must be finite.")
    }
  }

  /// Whether the scores are those of one run, unchanged.
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
