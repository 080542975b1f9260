import ArgumentParser
import Foundation
import Torch
import Training

/// What becomes of scores where the run is calibrated.
struct DecisionOptions: ParsableArguments {
  @Flag(help: "Probabilities beside the scores; needs a run that decant calibrate has calibrated.")
  var calibrated = false

  @Option(
    help: ArgumentHelp(
      """
      Only labels that are likely enough: a probability from 0 to 1, or "tuned" for what decant \
      calibrate found best.
      """, valueName: "probability"))
  var threshold: Threshold?

  /// From which probability on labels are given.
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

  /// Writes the decisions on texts; nil where scores alone are asked for.
  func writer(_ model: TrainedModel, k: Int?, json: Bool, notes: TextNotes) throws -> (
    ([String]) throws -> Void
  )? {
    guard calibrated || threshold != nil else { return nil }
    guard let calibration = try model.calibration() else {
      throw InputError(
        file: model.folder.path, reason: "this run is not calibrated",
        expected: "one that decant calibrate has been run on, or no --calibrated and --threshold")
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
