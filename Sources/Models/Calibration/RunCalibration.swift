public import Evaluation
public import Extreme

/// The calibration that turns a run's scores into probabilities and decisions; the file
/// `calibration.json` of its folder.
///
/// With sⱼ the scores of a text's top labels, a score passes through a curve f shared by all
/// labels, then through a line specific to its label:
///
///     p = f(s − ω log Σⱼ exp sⱼ)   with ω from 0, the plain score, to 1, its softmax share
///     z = log p / (1 − p)
///     probability = σ(a z + b)   with (a, b) close to (1, 0) for rare labels
///
/// Where every training document has exactly one label, probabilities are a softmax instead and add up
/// to 1: see `SoftmaxTemperature`.
///
/// Everything is fitted to documents that the model was not trained on.
public struct RunCalibration: Codable, Hashable, Sendable {
  /// The kind of curve.
  public enum Method: String, Codable, CaseIterable, Sendable {
    /// One parameter; see `TemperatureScaling`.
    case temperature
    /// Two parameters; see `PlattScaling`.
    case platt
    /// As many parameters as the scores support; see `IsotonicCalibration`.
    case isotonic
    /// One parameter, for exactly one label per document; see `SoftmaxTemperature`.
    case softmax
  }

  /// A fitted curve.
  public enum Curve: Codable, Hashable, Sendable {
    /// One parameter.
    case temperature(scaling: TemperatureScaling)
    /// Two parameters.
    case platt(line: PlattScaling)
    /// Many parameters.
    case isotonic(steps: IsotonicCalibration)
    /// One parameter, for all scores of a text together.
    case softmax(scaling: SoftmaxTemperature)

    /// The probability for a score; that of a softmax depends on the text's other scores, without
    /// which it is 1.
    public func callAsFunction(_ score: Double) -> Double {
      switch self {
      case .temperature(let scaling): scaling(score)
      case .platt(let line): line(score)
      case .isotonic(let steps): steps(score)
      case .softmax: 1
      }
    }
  }

  /// The decisions to aim at.
  public enum Goal: Codable, Hashable, Sendable {
    /// The largest micro F1, by one threshold and a limit of labels per document.
    case f1
    /// The lowest threshold from which at least this share of all assigned labels is right.
    case precision(atLeast: Double)
  }

  /// The settings of a fit.
  public struct Settings: Codable, Hashable, Sendable {
    /// The kind of curve; nil for a softmax if every training document has exactly one label, else
    /// Platt's.
    public var method: Method?
    /// Whether labels get individual lines.
    public var isPerLabel: Bool
    /// The F1 that thresholds maximise.
    public var thresholds: SCut
    /// The decisions to aim at; nil for those of `thresholds`.
    public var goal: Goal?

    /// Creates settings.
    public init(
      method: Method? = nil, isPerLabel: Bool = true,
      thresholds: SCut = SCut(objective: .micro), goal: Goal? = nil
    ) {
      self.goal = goal
      self.method = method
      self.isPerLabel = isPerLabel
      self.thresholds = thresholds
    }
  }

  /// The quality of probabilities and decisions.
  public struct Quality: Codable, Hashable, Sendable {
    /// F1, precision and recall of the decisions.
    public var decisions: DecisionMetrics
    /// The error over all scored pairs.
    public var pairs: CalibrationError
    /// The error over each document's top label.
    public var firstLabels: CalibrationError
  }

  /// The settings of the fit.
  public var settings: Settings
  /// ω: how much of the text's log-sum-exp is subtracted from a score.
  public var shareWeight: Double
  /// The curve shared by all labels.
  public var curve: Curve
  /// λ of the per-label lines; nil if there are none.
  public var priorStrength: Double?
  /// The lines of individual labels, by name.
  public var lines: [String: PlattScaling]
  /// The probability at or above which a label is assigned.
  public var threshold: Double
  /// The thresholds of individual labels, by name.
  public var labelThresholds: [String: Double]
  /// The most labels that a text is assigned; nil for no limit.
  public var limit: Int?
  /// The number of top labels per text that are considered.
  public var depth: Int
  /// The epoch of the calibrated model, from 1.
  public var epoch: Int
  /// The number of documents it was fitted to.
  public var documents: Int
  /// The quality on each fifth of the documents with a fit to the others.
  public var crossFitted: Quality
  /// The quality of the logistic function of raw scores, with labels of positive scores.
  public var uncalibrated: Quality
  /// The number of documents that the models that made the scores were trained on; nil if the run's own
  /// model made them, for documents that it was not trained on.
  public var learntDocuments: Int?
  /// CPU seconds of training these models; nil if the run's own model made the scores.
  public var cpuSeconds: Double?
}
