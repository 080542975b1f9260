public import Torch

/// Numbers that training adds to the scores of labels, so that prediction without them favours rare ones.
///
/// A label that is frequent in training gets a head start there, and the model need not learn it. With
/// nⱼ the number of training documents of label j:
///
///     oⱼ = τ log(max(nⱼ, 1) / Σ n)
///
/// - Paper: Menon, Jayasumana, Rawat, Jain, Veit, Kumar. Long-tail Learning via Logit Adjustment. ICLR
///   2021, equation 10. <https://arxiv.org/abs/2007.07314>
/// - Gradient: none; the losses see oⱼ as a part of the bias.
/// - Units: nats.
/// - Departures: the paper's prior is that of one class per example; a document has several labels
///   here. A label without a document counts as one with one.
public struct LogitAdjustment: Codable, Hashable, Sendable {
  /// The strength τ ≥ 0; 1 in the paper.
  public var strength: Double

  /// Creates the adjustment.
  public init(strength: Double = 1) { self.strength = strength }

  /// The numbers of all labels, `[L]`, float32.
  ///
  /// - Parameter counts: the training documents of each label.
  public func offsets(counts: [Int]) -> Tensor {
    precondition(strength >= 0 && strength.isFinite, "a strength of \(strength)")
    let total = counts.reduce(0) { $0 + max($1, 1) }
    let priors = Tensor(counts.map { Double(max($0, 1)) / Double(total) })
    return (priors.log() * strength).converted(to: .float32)
  }
}
