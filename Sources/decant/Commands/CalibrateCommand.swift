import ArgumentParser
import Foundation
import Learning
import Training

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Makes probabilities and decisions of a trained model's scores.",
    discussion: """
      Fits a curve from scores to probabilities, a correction for each label (a small one where a \
      label is rare), and the probability from which on a label is given, to the validation \
      documents that a run with --patience has held out. The result is kept in the run, as \
      calibration.json; decant predict and decant evaluate use it.

      What is printed was cross-fitted: each fifth of the documents is judged with what was fitted \
      to the others.

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

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var run_: String

  @Option(
    help: """
      The curve: temperature (one number), platt (a line and the logistic function) or isotonic \
      (any that rises).
      """)
  var method: MethodName = .platt

  @Option(
    help: """
      What thresholds make as large as possible: F1 of all decisions together (micro), its mean \
      over labels, each with a threshold of its own (macro), or over documents (example).
      """)
  var objective: ObjectiveName = .micro

  @Flag(help: "One curve for all labels, without corrections of single ones.")
  var shared = false

  @Option(help: "Threads to compute with; as many as in training by default.")
  var threads: Int?

  @Flag(help: "Print how often first labels came true, by their probability.")
  var full = false

  func validate() throws { try validateThreads(threads) }

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads)
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
        labels are given from a probability of \
        \(String(format: "%.3f", calibration.threshold)) on\
        \(calibration.labelThresholds.isEmpty
          ? "" : ", \(calibration.labelThresholds.count) labels from one of their own")\
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
