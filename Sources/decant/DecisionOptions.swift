import ArgumentParser
import Foundation
import Models
import Storage

/// Probabilities and decisions of a calibrated run.
struct DecisionOptions: ParsableArguments {
  @Flag(help: "Print probabilities too; the run must be calibrated (decant calibrate).")
  var calibrated = false

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

  /// A function that writes the decisions on texts; nil if only scores are asked for.
  func writer(_ model: TrainedModel, k: Int?, json: Bool, notes: TextNotes) throws -> (
    ([String]) throws -> Void
  )? {
    guard calibrated || threshold != nil else { return nil }
    guard let calibration = try model.calibration() else {
      throw InputError(
        file: model.folder.path, reason: "the run is not calibrated",
        expected: "a run that decant calibrate has processed, or no --calibrated and --threshold")
    }
    let choice: TrainedModel.LabelChoice =
      switch threshold {
      case .tuned: .tuned
      case .atLeast(let value): .atLeast(value)
      case nil: .likeliest(k ?? 5)
      }
    return { texts in
      var answer = ""
      for (text, found) in zip(
        texts, try model.predict(texts, by: calibration, choosing: choice))
      {
        notes.say(isKnown: found.isKnown, isCut: found.isCut, by: model)
        var prediction = found
        if let k { prediction.labels = Array(found.labels.prefix(k)) }
        if json {
          answer += try prediction.json(text: text) + "\n"
          continue
        }
        answer += text.onOneLine + "\n"
        if !prediction.isKnown { answer += TextNotes.unknown + "\n" }
        for label in prediction.labels {
          answer += String(format: "  %6.3f  ", label.probability ?? 0) + label.id.onOneLine + "\n"
        }
      }
      try StandardStreams.write(answer)
    }
  }
}
