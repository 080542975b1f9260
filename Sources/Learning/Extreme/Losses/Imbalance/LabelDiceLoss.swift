import Kernels
public import Storage
public import Torch

/// One minus the Dice coefficient of each query's labels, with probabilities in place of a decision.
///
/// The many labels that are rightly low count nothing, unlike in binary cross-entropy. With pᵢⱼ = σ(sᵢⱼ)
/// and Pᵢ the positives of query i:
///
///     wᵢⱼ = (1 − pᵢⱼ)ᵅ pᵢⱼ
///     L   = (1 / B) Σᵢ 1 − (2 Σ_{j ∈ Pᵢ} wᵢⱼ + γ) / (Σⱼ wᵢⱼ + |Pᵢ| + γ)
///
/// - Inputs: label sets
/// - Paper: Li, Sun, Meng, Liang, Wu, Li. Dice Loss for Data-imbalanced NLP Tasks. ACL 2020,
///   equations 8 and 11. <https://arxiv.org/abs/1911.02855>
/// - Gradient: reaches all scores.
/// - Units: from 0 to 1, the mean over queries.
/// - Departures: the paper's set is all tokens of a data set for one class; here it is the labels of a
///   query. The self-adjusting exponent α is 0 unless you set it, as in the authors' code.
/// - Degenerate: a query without positives counts Σ w / (Σ w + γ). Grades of positives have no effect;
///   one of grade 0 counts neither as a positive nor as a negative.
public struct LabelDiceLoss: LossOverScores {
  /// The temperature τ > 0; inner products are divided by it.
  public var temperature: Double
  /// γ > 0, which smooths small sets; 1 in the paper.
  public var smoothing: Double
  /// α ≥ 0: probabilities that are high already count less; 0 in the authors' code.
  public var adjustment: Double

  /// Creates the loss.
  public init(temperature: Double = 1, smoothing: Double = 1, adjustment: Double = 0) {
    self.temperature = temperature
    self.smoothing = smoothing
    self.adjustment = adjustment
  }

  /// The loss of a score matrix; τ is not applied.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    precondition(
      smoothing > 0 && adjustment >= 0, "smoothing \(smoothing), adjustment \(adjustment)")
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let weights = ((-scores).logSigmoid() * adjustment + scores.logSigmoid()).exp()
      let atCells = weights.elements(at: cells.positions)
      let counted = cells.grades.isGreater(than: 0).converted(to: scores.dtype)
      let matched = cells.sumsByRow(atCells * counted)
      let ignored = cells.sumsByRow(atCells * (1 - counted))
      let sizes = weights.sum(along: 1) - ignored + cells.sumsByRow(counted)
      let coefficients = (matched * 2 + smoothing) / (sizes + smoothing)
      return (1 - coefficients).sum() * cells.rowWeight
    }
  }
}
