public import Torch

/// One minus the self-adjusting Tversky index between probabilities and given classes.
///
/// With f = (1 − p)^η p of a class and y ∈ {0, 1}, and sums over the batch or over single examples:
///
///     T_c = (Σ f y + γ) / (Σ f y + α Σ f (1 − y) + β Σ (1 − f) y + γ)
///     L   = Σ_c (1 − T_c)                            averaged over examples, unless pooled
///
/// For α = β = ½ it is the Dice loss with smoothing 2 γ.
///
/// - Inputs: class scores
/// - Paper: Li, Sun, Meng, Liang, Wu, Li. Dice Loss for Data-imbalanced NLP Tasks. ACL 2020.
///   <https://arxiv.org/abs/1911.02855>
/// - Gradient: reaches all scores.
/// - Units: 0 … C.
/// - Departures: the paper adjusts the Dice loss only; the exponent η of the Tversky index is ours, and
///   0 by default. The authors' code has no Tversky loss.
public struct TverskyLoss: Codable, Hashable, Sendable {
  /// The weight α ≥ 0 of false positives; default 0.5, ours: that of the Dice loss.
  public var falsePositiveWeight: Double
  /// The weight β ≥ 0 of false negatives; default 0.5, ours: that of the Dice loss.
  public var falseNegativeWeight: Double
  /// The exponent η ≥ 0; default 0, ours.
  public var exponent: Double
  /// γ > 0; default 10⁻⁴, that of the authors' Dice loss.
  public var smoothing: Double
  /// Whether sums are over the batch instead of over single examples; default false, ours.
  public var pools: Bool

  /// Creates the loss.
  public init(
    falsePositiveWeight: Double = 0.5, falseNegativeWeight: Double = 0.5, exponent: Double = 0,
    smoothing: Double = 1e-4, pools: Bool = false
  ) {
    self.falsePositiveWeight = falsePositiveWeight
    self.falseNegativeWeight = falseNegativeWeight
    self.exponent = exponent
    self.smoothing = smoothing
    self.pools = pools
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - scores: the class scores (logits), `[N, C]`.
  ///   - classes: the class of each example, 0 ..< C.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per row of the scores, N > 0; α, β, η ≥ 0, γ > 0.
  public func callAsFunction(scores: Tensor, classes: [Int]) throws -> Tensor {
    checkOverlap(exponent: exponent, smoothing: smoothing)
    precondition(
      falsePositiveWeight >= 0 && falseNegativeWeight >= 0,
      "negative weights \(falsePositiveWeight), \(falseNegativeWeight)")
    let given = ClassScores(scores, classes: classes)
    return try checked {
      let overlap = Overlap(given, exponent: exponent)
      let (first, second) = (overlap.weighted, overlap.given)
      let shared = Overlap.pooled(first * second, pools)
      let extra = Overlap.pooled(first * (1 - second), pools) * falsePositiveWeight
      let missed = Overlap.pooled((1 - first) * second, pools) * falseNegativeWeight
      return (1 - (shared + smoothing) / (shared + extra + missed + smoothing))
        .sum(along: 1).mean()
    }
  }
}
