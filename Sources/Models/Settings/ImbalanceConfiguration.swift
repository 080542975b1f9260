package import Extreme
import Storage

/// A treatment of labels that have very different numbers of training documents.
public struct ImbalanceConfiguration: Codable, Hashable, Sendable {
  /// A method by its name on the command line.
  public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
    /// A head start for frequent labels in training; see `LogitAdjustment`.
    case logitAdjustment = "logit-adjustment"
    /// Weights of positives; see `ClassBalancedWeights`.
    case classBalanced = "class-balanced"
    /// The Dice coefficient of a document's labels; see `LabelDiceLoss`.
    case dice
    /// The F1 of a batch's labels; see `LabelAnyLoss`.
    case anyLoss = "anyloss-f1"
  }

  /// The method.
  public var method: Method
  /// The strength, in the method's units; nil for its default.
  public var strength: Double?

  /// Describes the treatment.
  public init(method: Method = .logitAdjustment, strength: Double? = nil) {
    self.method = method
    self.strength = strength
  }

  /// A method with its needs.
  package struct Row: TreatmentRow {
    package let method: Method
    package let meaning: String
    package let usual: Double
    package let range: ClosedRange<Double>
    package let losses: [String]
    package static let option = "--imbalance"
    package static let strengthOption = "--imbalance-strength"
  }

  /// Every method.
  package static let rows: [Row] = [
    Row(
      method: .logitAdjustment, meaning: "the factor τ of the log prior", usual: 1, range: 0...100,
      losses: ["decoupled-softmax", "infonce", "soft-top-k", "bce"]),
    Row(
      method: .classBalanced, meaning: "β", usual: 0.9999, range: 0...0.999_999_999,
      losses: ["decoupled-softmax", "infonce", "bce", "squared-hinge"]),
    Row(
      method: .dice, meaning: "the smoothing γ", usual: 1, range: 1e-6...1e6, losses: ["bce"]),
    Row(
      method: .anyLoss, meaning: "the amplification", usual: 73, range: 1e-3...1e4,
      losses: ["bce"]),
  ]

  /// The row of the method.
  package var row: Row {
    guard let row = Self.rows.first(where: { $0.method == method }) else {
      preconditionFailure("\(method) has no row")
    }
    return row
  }

  /// The change that the method makes to a training: another loss, numbers added to scores, or weights
  /// of positives.
  package enum Change: Sendable {
    case loss(TrainingLoss)
    case scores(LogitAdjustment)
    case weights(ClassBalancedWeights)
  }

  /// The change to a training with a loss.
  ///
  /// - Throws: `ValueError` if the method needs another loss or another strength.
  package func change(of plain: TrainingLoss) throws -> Change {
    let strength = try row.strength(strength, with: plain)
    let temperature = plain.temperature
    return switch method {
    case .logitAdjustment: .scores(LogitAdjustment(strength: strength))
    case .classBalanced: .weights(ClassBalancedWeights(beta: strength))
    case .dice:
      .loss(TrainingLoss(LabelDiceLoss(temperature: temperature, smoothing: strength)))
    case .anyLoss:
      .loss(TrainingLoss(LabelAnyLoss(temperature: temperature, amplification: strength)))
    }
  }

  static let settings: [Setting] = [
    Setting(
      "method", "Balance frequent and rare labels; see TRAIN.md for a choice.",
      .one(of: Method.self), .loss("imbalance"), usual: "none"),
    Setting(
      "strength",
      Row.strengths(of: rows),
      .notNegative, .loss("imbalance-strength"), from: "the papers", null: "by the method",
      needs: SettingCondition("--imbalance") { $0.imbalance != nil }),
  ]
}

extension TrainingConfiguration {
  /// The loss and its treatments in words.
  var lossWords: String {
    ([loss.name, robust?.method.rawValue, imbalance?.method.rawValue].compactMap { $0 })
      .joined(separator: ", ")
  }

  /// Refuses `robust` and `imbalance` with settings that they do not suit.
  ///
  /// - Throws: `ValueError` that names the loss or the option that is needed.
  package func checkTreatments() throws {
    guard robust != nil || imbalance != nil else { return }
    guard negatives?.labels != .pool else {
      throw ValueError(
        "negatives",
        reason:
          "\(robust == nil ? "--imbalance" : "--noise-robust") needs the scores of all labels",
        expected: "no --negatives pool")
    }
    if let robust { _ = try robust.loss(loss) }
    if robust?.method == .coTeaching, transformer != nil || initial != nil || startFrom != nil {
      throw ValueError(
        "robust",
        reason: "--noise-robust co-teaching starts two models of bags from random weights",
        expected: "no --encoder transformer, --initial or --start-from")
    }
    guard let imbalance else { return }
    let change = try imbalance.change(of: loss)
    if case .loss = change, let robust {
      throw ValueError(
        "loss",
        reason:
          "--imbalance \(imbalance.method.rawValue) replaces the loss that --noise-robust "
          + "\(robust.method.rawValue) changes",
        expected: "one of both")
    }
  }
}
