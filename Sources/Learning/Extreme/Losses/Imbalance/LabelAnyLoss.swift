import Kernels
public import Storage
public import Torch

/// One minus the F1 of a batch's labels, whose counts an amplified sigmoid makes differentiable.
///
/// With pᵢⱼ = σ(sᵢⱼ) and Pᵢ the positives of query i, sums over the cells of the whole batch:
///
///     aᵢⱼ = 1 / (1 + exp(−A (pᵢⱼ − ½)))
///     L   = 1 − 2 Σ_{j ∈ Pᵢ} aᵢⱼ / (Σᵢⱼ aᵢⱼ + Σᵢ |Pᵢ|)
///
/// - Inputs: label sets
/// - Paper: Han, Moniz, Chawla. AnyLoss: Transforming Classification Metrics into Loss Functions. KDD
///   2024, section 3, the loss for F1. <https://arxiv.org/abs/2405.14745>
/// - Gradient: reaches all scores; it vanishes where probabilities are far from ½.
/// - Units: from 0 to 1, of the batch as a whole (micro-averaged).
/// - Departures: the paper has one binary decision per example, here each pair of a query and a label
///   is one. Other measures of the paper are not offered.
/// - Degenerate: a batch without positives has the loss 1, without queries 0. Grades of positives have
///   no effect; one of grade 0 counts neither as a positive nor as a negative.
public struct LabelAnyLoss: LossOverScores {
  /// The temperature τ > 0; inner products are divided by it.
  public var temperature: Double
  /// The amplification A > 0; 73 in the paper.
  public var amplification: Double

  /// Creates the loss.
  public init(temperature: Double = 1, amplification: Double = 73) {
    self.temperature = temperature
    self.amplification = amplification
  }

  /// The loss of a score matrix; τ is not applied.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    precondition(amplification > 0, "an amplification of \(amplification)")
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      guard scores.elementCount > 0 else { return scores.sum() }
      let decisions = ((scores.sigmoid() - 0.5) * amplification).sigmoid()
      let atCells = decisions.elements(at: cells.positions)
      let counted = cells.grades.isGreater(than: 0).converted(to: scores.dtype)
      let matched = (atCells * counted).sum()
      let total = decisions.sum() - (atCells * (1 - counted)).sum() + counted.sum()
      return 1 - matched * 2 / total
    }
  }
}
