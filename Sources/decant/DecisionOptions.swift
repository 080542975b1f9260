import ArgumentParser
import Foundation
import Models
import Storage

/// Probabilities and decisions of a calibrated run.
struct DecisionOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Print probabilities, or refuse a run without a calibration (decant calibrate).",
      visibility: .rare))
  var calibrated = false

  @Flag(help: "Print scores instead of probabilities.")
  var scores = false

  @Option(
    help: ArgumentHelp(
      """
      Print only labels with at least this probability, 0 to 1, or "tuned" for the thresholds that \
      decant calibrate found.
      """, valueName: "probability"))
  var threshold: Threshold?

  /// The lowest probability of the labels that are printed.
  enum Threshold: ExpressibleByArgument {
    case tuned
    case atLeast(Double)

    init?(argument: String) {
      if argument == "tuned" {
        self = .tuned
      } else if let value = Double(argument), 0...1 ~= value {
        self = .atLeast(value)
      } else {
        return nil
      }
    }
  }

  func validate() throws {
    guard !scores || !areDecisions else {
      throw ValidationError("--scores excludes --calibrated and --threshold.")
    }
  }

  /// Whether probabilities are asked for, rather than only shown if the run has them.
  var areDecisions: Bool { calibrated || threshold != nil }

  /// A function that decides on the labels of texts; nil if there are only scores.
  ///
  /// - Throws: `InputError` if probabilities are asked for and the run is not calibrated.
  func ranking(_ model: TrainedModel, k: Int?) throws -> (
    ([String]) throws -> [TrainedModel.Prediction]
  )? {
    guard !scores else { return nil }
    guard let calibration = try model.calibration() else {
      guard areDecisions else { return nil }
      throw InputError(
        file: model.folder.path, reason: "the run is not calibrated",
        expected: "a run that decant calibrate has processed, or no --calibrated and --threshold")
    }
    if !areDecisions, let k, k > calibration.depth, k <= model.labelIDs.count {
      StandardStreams.note("scores: only the best \(calibration.depth) labels have probabilities")
      return nil
    }
    let choice: TrainedModel.LabelChoice =
      switch threshold {
      case .tuned: .tuned
      case .atLeast(let value): .atLeast(value)
      case nil: .likeliest(k ?? 5)
      }
    return { texts in
      try model.predict(texts, by: calibration, choosing: choice).map { found in
        var prediction = found
        if let k { prediction.labels = Array(found.labels.prefix(k)) }
        return prediction
      }
    }
  }
}
