import ArgumentParser
import Extreme
import Foundation
import Models

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Turn a trained model's scores into probabilities and decisions.",
    discussion: """
      Fits a curve from scores to probabilities, a correction for each label (a small one for a \
      rare label), and the thresholds above which labels are assigned. It uses the validation \
      documents that a run with --patience holds out. The run stores the result as \
      calibration.json, for decant predict and decant evaluate.

      The printed figures are cross-fitted: each fifth of the documents is evaluated with a \
      calibration fitted to the others.

      Examples:
        decant calibrate runs/patient
        decant calibrate runs/patient --method isotonic --objective macro
      """)

  enum MethodName: String, ExpressibleByArgument, CaseIterable {
    case temperature, platt, isotonic
  }

  enum ObjectiveName: String, ExpressibleByArgument, CaseIterable {
    case micro, macro, example
  }

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @Option(
    help: """
      Curve: temperature (one number), platt (a linear and the logistic function) or isotonic (any \
      increasing function).
      """)
  var method: MethodName = .platt

  @Option(
    help: """
      F1 to maximise with the thresholds: over all decisions (micro), averaged over labels with a \
      threshold each (macro), or averaged over documents (example).
      """)
  var objective: ObjectiveName = .micro

  @Flag(help: "Fit one curve for all labels, without corrections for each label.")
  var shared = false

  @OptionGroup var threads: ThreadsOption

  @Flag(help: "Print how often the top labels were correct, by their probability.")
  var full = false

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads.count)
      let (calibration, notes) = try model.calibrate(
        RunCalibration.Settings(
          method: methodValue, isPerLabel: !shared,
          thresholds: SCut(objective: objectiveValue)))
      for note in notes { StandardStreams.note(note) }
      let input =
        calibration.shareWeight == 0
        ? "scores" : String(format: "scores − %g · log Σ exp", calibration.shareWeight)
      let labels = calibration.priorStrength.map {
        String(format: ", corrected for %d labels (prior %g)", calibration.lines.count, $0)
      }
      try StandardStreams.write(
        """
        \(calibration.documents) validation documents, \(method.rawValue) of \(input)\(labels ?? "")
        the logistic function of the scores
        \(calibration.uncalibrated.table())
        calibrated, cross-fitted
        \(calibration.crossFitted.table())
        labels are assigned from a probability of \
        \(String(format: "%.3f", calibration.threshold))\
        \(calibration.labelThresholds.isEmpty
          ? "" : "; \(calibration.labelThresholds.count) labels have their own threshold")\
        \(full ? "\n" + calibration.crossFitted.reliabilityTable() : "")

        """)
    }
  }

  private var methodValue: RunCalibration.Method {
    switch method {
    case .temperature: .temperature
    case .platt: .platt
    case .isotonic: .isotonic
    }
  }

  private var objectiveValue: SCut.Objective {
    switch objective {
    case .micro: .micro
    case .macro: .macro
    case .example: .example
    }
  }
}
