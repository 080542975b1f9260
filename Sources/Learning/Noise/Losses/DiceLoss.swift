public import Torch

/// One minus the self-adjusting Dice coefficient between probabilities and given classes.
///
/// With f = (1 − p)^α p of a class and y ∈ {0, 1}, and sums over the batch or over single examples:
///
///     D_c = (2 Σ f y + γ) / (Σ f + Σ y + γ)          with squares: Σ f² and Σ y² below
///     L   = Σ_c (1 − D_c)                            averaged over examples, unless pooled
///
/// The factor (1 − p)^α takes weight from examples that the model finds easy.
///
/// - Inputs: class scores
/// - Paper: Li, Sun, Meng, Liang, Wu, Li. Dice Loss for Data-imbalanced NLP Tasks. ACL 2020.
///   <https://arxiv.org/abs/1911.02855>
/// - Gradient: reaches all scores.
/// - Units: 0 … C.
/// - Departures: the authors' code agrees with squares, and with one class pooled. Without squares its
///   loss of several classes divides each example's overlap by the whole batch's sums; here both are
///   of one example, or both of the batch. The code's choice of hard negatives is left out.
public struct DiceLoss: Codable, Hashable, Sendable {
  /// The exponent α ≥ 0; default 0, the authors' code's, which does not adjust.
  public var exponent: Double
  /// γ > 0; default 10⁻⁴, the authors' code's.
  public var smoothing: Double
  /// Whether the sums below are those of squares; default false, the authors' code's.
  public var squares: Bool
  /// Whether sums are over the batch, as for F₁, instead of over single examples; default false, ours.
  public var pools: Bool

  /// Creates the loss.
  public init(
    exponent: Double = 0, smoothing: Double = 1e-4, squares: Bool = false, pools: Bool = false
  ) {
    self.exponent = exponent
    self.smoothing = smoothing
    self.squares = squares
    self.pools = pools
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - scores: the class scores (logits), `[N, C]`.
  ///   - classes: the class of each example, 0 ..< C.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per row of the scores, N > 0; α ≥ 0, γ > 0.
  public func callAsFunction(scores: Tensor, classes: [Int]) throws -> Tensor {
    checkOverlap(exponent: exponent, smoothing: smoothing)
    let given = ClassScores(scores, classes: classes)
    return try checked {
      let overlap = Overlap(given, exponent: exponent)
      let (first, second) = (overlap.weighted, overlap.given)
      let shared = Overlap.pooled(first * second, pools)
      let all = Overlap.pooled((squares ? first.squared() : first) + second, pools)
      return (1 - (shared * 2 + smoothing) / (all + smoothing)).sum(along: 1).mean()
    }
  }
}
