import ArgumentParser
import Extreme
import Foundation
import Models
import Storage
import Training

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Turn a trained model's scores into probabilities and decisions.",
    discussion: HelpLevel.discussion(
      "calibrate",
      full: """
        Fits a curve from scores to probabilities, a correction for each label (a small one for a \
        rare label), and the thresholds above which labels are assigned. decant train does so at its \
        end; this command replaces the result, calibration.json, which decant predict, decant evaluate \
        and decant serve use.

        A run with --patience is calibrated on the validation documents that it held out. For any other \
        run, models with its settings are trained without some of the documents and score these.

        The printed figures are cross-fitted: each fifth of the documents is evaluated with a \
        calibration fitted to the others.

        Examples:
          decant calibrate runs/patient
          decant calibrate runs/patient --method isotonic --objective macro
          decant calibrate runs/tickets --for f1
        """))

  enum MethodName: String, ExpressibleByArgument, CaseIterable {
    case temperature, platt, isotonic, softmax
  }

  enum ObjectiveName: String, ExpressibleByArgument, CaseIterable {
    case micro, macro, example
  }

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @Option(
    help: """
      Curve: temperature (one number), platt (a linear and the logistic function), isotonic (any \
      increasing function) or softmax (one number; the probabilities of a text add up to 1). Default: \
      softmax if every document has exactly one label, else platt.
      """)
  var method: MethodName?

  @Option(
    help: """
      F1 to maximise with the thresholds: over all decisions (micro), averaged over labels with a \
      threshold each (macro), or averaged over documents (example). Default: micro.
      """)
  var objective: ObjectiveName?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      """
      Decisions to tune: f1 (a threshold and a limit of labels per text, for F1 over all decisions) or \
      precision=0.9 (the lowest threshold at which this share of the assigned labels is right).
      """, valueName: "goal"))
  var goal: Goal?

  /// The decisions to tune, as people write them.
  struct Goal: ExpressibleByArgument {
    var value: RunCalibration.Goal

    init?(argument: String) {
      let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
      if argument == "f1" {
        value = .f1
      } else if parts.count == 2, parts[0] == "precision", let share = Double(parts[1]),
        share > 0, share <= 1
      {
        value = .precision(atLeast: share)
      } else {
        return nil
      }
    }
  }

  @Flag(help: "Fit one curve for all labels, without corrections for each label.")
  var shared = false

  @OptionGroup var threads: ThreadsOption

  @Flag(help: "Print how often the top labels were correct, by their probability.")
  var full = false

  func validate() throws {
    guard goal == nil || objective == nil else {
      throw ValidationError("--for and --objective exclude each other.")
    }
  }

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads.count)
      guard !shared || method != .softmax else {
        throw ValidationError("--method softmax has one curve for all labels: leave out --shared.")
      }
      var configuration = model.configuration
      configuration.threads = model.threads
      let (calibration, notes) = try Trainer(
        configuration, folder: model.folder, decantVersion: Decant.version
      ).calibrate(
        model,
        RunCalibration.Settings(
          method: methodValue, isPerLabel: !shared,
          thresholds: SCut(objective: objectiveValue), goal: goal?.value), progress: ProgressBar(),
        isInterrupted: Interruption.isRequested)
      for note in notes { StandardStreams.note(note) }
      let input =
        calibration.shareWeight == 0
        ? "scores" : String(format: "scores − %g · log Σ exp", calibration.shareWeight)
      let labels = calibration.priorStrength.map {
        String(format: ", corrected for %d labels (prior %g)", calibration.lines.count, $0)
      }
      try StandardStreams.write(
        """
        \(calibration.documents) \(calibration.learntDocuments == nil ? "validation" : "held-out") documents, \(calibration.settings.method?.rawValue ?? "") of \(input)\(labels ?? "")
        the logistic function of the scores
        \(calibration.uncalibrated.table())
        calibrated, cross-fitted
        \(calibration.crossFitted.table())
        labels are assigned from a probability of \
        \(String(format: "%.3f", calibration.threshold))\
        \(calibration.labelThresholds.isEmpty
          ? "" : "; \(calibration.labelThresholds.count) labels have their own threshold")\
        \(calibration.limit.map { "; at most \(counted($0, "label")) per text" } ?? "")\
        \(full ? "\n" + calibration.crossFitted.reliabilityTable() : "")

        """)
    }
  }

  private var methodValue: RunCalibration.Method? {
    switch method {
    case nil: nil
    case .temperature: .temperature
    case .platt: .platt
    case .isotonic: .isotonic
    case .softmax: .softmax
    }
  }

  private var objectiveValue: SCut.Objective {
    switch objective {
    case .micro, nil: .micro
    case .macro: .macro
    case .example: .example
    }
  }
}
