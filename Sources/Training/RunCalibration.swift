public import Evaluation
public import Learning

/// How a run's scores become probabilities and decisions; the file `calibration.json` of its folder.
///
/// With sⱼ the scores of a text's first labels, a score goes through a curve f that all labels share,
/// and then through a line of its label's own:
///
///     p = f(s − ω log Σⱼ exp sⱼ)   with ω from 0, the score itself, to 1, its share of the text
///     z = log p / (1 − p)
///     probability = σ(a z + b)   with (a, b) close to (1, 0) for labels that were seen rarely
///
/// Everything was fitted to documents that the model had not been trained on.
public struct RunCalibration: Codable, Hashable, Sendable {
  /// What kind of curve.
  public enum Method: String, Codable, CaseIterable, Sendable {
    /// One number; see `TemperatureScaling`.
    case temperature
    /// Two numbers; see `PlattScaling`.
    case platt
    /// As many numbers as the scores tell; see `IsotonicCalibration`.
    case isotonic
  }

  /// A fitted curve.
  public enum Curve: Codable, Hashable, Sendable {
    /// One number.
    case temperature(scaling: TemperatureScaling)
    /// Two numbers.
    case platt(line: PlattScaling)
    /// Many numbers.
    case isotonic(steps: IsotonicCalibration)

    /// The probability of a score.
    public func callAsFunction(_ score: Double) -> Double {
      switch self {
      case .temperature(let scaling): scaling(score)
      case .platt(let line): line(score)
      case .isotonic(let steps): steps(score)
      }
    }
  }

  /// What is to be fitted.
  public struct Settings: Codable, Hashable, Sendable {
    /// The kind of curve.
    public var method: Method
    /// Whether labels get lines of their own.
    public var isPerLabel: Bool
    /// Which F1 the thresholds make as large as possible.
    public var thresholds: SCut

    /// Takes the settings.
    public init(
      method: Method = .platt, isPerLabel: Bool = true,
      thresholds: SCut = SCut(objective: .micro)
    ) {
      self.method = method
      self.isPerLabel = isPerLabel
      self.thresholds = thresholds
    }
  }

  /// How good probabilities and decisions are.
  public struct Quality: Codable, Hashable, Sendable {
    /// F1 and what it is made of.
    public var decisions: DecisionMetrics
    /// Of all pairs that were scored.
    public var pairs: CalibrationError
    /// Of each document's first label.
    public var firstLabels: CalibrationError
  }

  /// What was asked for.
  public var settings: Settings
  /// ω: how much of the text's other scores is taken from a score.
  public var shareWeight: Double
  /// The curve of all labels.
  public var curve: Curve
  /// λ of the labels' lines; nil where they have none.
  public var priorStrength: Double?
  /// The lines of single labels, by name.
  public var lines: [String: PlattScaling]
  /// The probability from which on a label is given.
  public var threshold: Double
  /// The same for single labels, by name.
  public var labelThresholds: [String: Double]
  /// How many labels of a text are looked at, best first.
  public var depth: Int
  /// The epoch (from 1) of the model that was calibrated.
  public var epoch: Int
  /// How many documents it was fitted to.
  public var documents: Int
  /// Each fifth of the documents judged with what was fitted to the others.
  public var crossFitted: Quality
  /// The logistic function of the scores as they are, and labels of a score above 0.
  public var uncalibrated: Quality
}
