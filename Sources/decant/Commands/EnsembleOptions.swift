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
  func isAlone(_ run: String) -> Bool {
    let folder = RunFolder(path: run)
    return others.isEmpty && logitAdjustment == 0 && !folder.has(folder.membersFile)
  }

  /// Opens the runs.
  ///
  /// - Parameter part: the labels that this process holds; nil for all.
  func model(
    _ run: String, threads: Int?, epoch: KeptEpoch = .best, part: LabelPart? = nil
  ) throws -> TrainedModel {
    try TrainedModel.opening(
      ([run] + others).map { RunFolder(path: $0) }, threads: threads, epoch: epoch, part: part
    ).adjusted(byLogPrior: logitAdjustment)
  }
}
