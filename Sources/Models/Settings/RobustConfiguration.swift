import Extreme
import Storage

/// A treatment of training labels that may be wrong.
public struct RobustConfiguration: Codable, Hashable, Sendable {
  /// A method by its name on the command line.
  public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
    /// Generalised cross-entropy; see `GeneralizedTerm`.
    case generalized = "gce"
    /// Symmetric cross-entropy; see `SymmetricTerm`.
    case symmetric = "sce"
    /// Early-learning regularisation; see `EarlyLearningTerm`.
    case earlyLearning = "elr"
    /// Weights by the loss of a positive; see `ReweightingTerm`.
    case reweighting = "reweight"
    /// Two models, each of which learns from the labels that the other believes; see `CoTeachingLoss`.
    case coTeaching = "co-teaching"
    /// The adaptive label-distributionally robust loss; see `LabelALDRKLLoss`.
    case adaptive = "aldr-kl"
  }

  /// The method.
  public var method: Method
  /// The strength, in the method's units; nil for its default.
  public var strength: Double?
  /// The number of epochs with the plain loss before the method begins.
  public var warmup: Int

  /// Describes the treatment.
  public init(method: Method = .generalized, strength: Double? = nil, warmup: Int = 1) {
    self.method = method
    self.strength = strength
    self.warmup = warmup
  }

  /// A method with its needs and its loss.
  package struct Row: TreatmentRow {
    package let method: Method
    package let meaning: String
    package let usual: Double
    package let range: ClosedRange<Double>
    package let losses: [String]
    fileprivate let robust: @Sendable (any LossOverLabels, Double) -> any LossOverLabels
    package static let option = "--noise-robust"
    package static let strengthOption = "--robust-strength"
  }

  private static let probabilities = ["decoupled-softmax", "infonce", "bce"]

  /// Every method.
  package static let rows: [Row] = [
    Row(
      method: .generalized, meaning: "the exponent t", usual: 0.7, range: 1e-3...1,
      losses: probabilities
    ) { $0.with(GeneralizedTerm(exponent: $1)) },
    Row(
      method: .symmetric, meaning: "the weight of the reverse cross-entropy", usual: 1,
      range: 0...1e6, losses: probabilities
    ) { $0.with(SymmetricTerm(reverseWeight: $1)) },
    Row(
      method: .earlyLearning, meaning: "the weight of the targets", usual: 3, range: 0...1e6,
      losses: probabilities
    ) { $0.with(EarlyLearningTerm(weight: $1)) },
    Row(
      method: .reweighting, meaning: "how far weights differ, 1 / r", usual: 1, range: 1e-3...1e3,
      losses: probabilities
    ) { $0.with(ReweightingTerm(scale: 1 / $1)) },
    Row(
      method: .coTeaching, meaning: "the share of labels to forget", usual: 0.2, range: 0...0.9,
      losses: probabilities
    ) { $0.forgetting($1) },
    Row(
      method: .adaptive, meaning: "the reference temperature λ₀", usual: 1, range: 1e-3...1e3,
      losses: ["decoupled-softmax", "infonce"]
    ) { LabelALDRKLLoss(temperature: $0.temperature, reference: $1) },
  ]

  /// The row of the method.
  package var row: Row {
    guard let row = Self.rows.first(where: { $0.method == method }) else {
      preconditionFailure("\(method) has no row")
    }
    return row
  }

  /// The robust form of a loss.
  ///
  /// - Throws: `ValueError` if the method needs another loss or another strength.
  package func loss(_ plain: TrainingLoss) throws -> TrainingLoss {
    let strength = try row.strength(strength, with: plain)
    func erased(_ loss: some LossOverLabels) -> TrainingLoss { TrainingLoss(loss) }
    return erased(row.robust(plain.value, strength))
  }

  static let settings: [Setting] = [
    Setting(
      "method", "Trust doubtful training labels less; see TRAIN.md for a choice.",
      .one(of: Method.self), .loss("noise-robust"), usual: "none"),
    Setting(
      "strength",
      Row.strengths(of: rows),
      .notNegative, .loss("robust-strength"), from: "the papers", null: "by the method",
      needs: isOn),
    Setting(
      "warmup",
      "Epochs with the plain loss before --noise-robust begins; of co-teaching, epochs until it forgets "
        + "its whole share.", .countOrNone,
      .loss("robust-after"), needs: isOn),
  ]

  private static let isOn = SettingCondition("--noise-robust") { $0.robust != nil }
}

extension LossOverLabels {
  /// This loss with a term in place of each positive's −log q.
  fileprivate func with(_ term: some PositiveTerm) -> any LossOverLabels { RobustLoss(self, term) }

  /// This loss with a share of its positives forgotten.
  fileprivate func forgetting(_ share: Double) -> any LossOverLabels {
    CoTeachingLoss(self, forgetRate: share)
  }
}
