import Kernels
public import Storage
public import Torch

/// The adaptive label-distributionally robust loss over labels: each document has a separate
/// temperature, which is lower the surer the model is.
///
/// With sᵢⱼ the score of query i and label j, Pᵢ its positives, K the number of labels that are not
/// positive and one, B′ the number of queries with positives, and π the softmax of sᵢ over λᵢ:
///
///     λᵢ = λ₀ − λ₀ KL(π, uniform) / (α log L), three steps from λ₀
///     nᵢ = log Σ_{j ∉ Pᵢ} exp((sᵢⱼ + c) / λᵢ)
///     L  = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} λᵢ (log(1 + exp(nᵢ − sᵢₚ / λᵢ)) − log K)
///          − α log L (λᵢ − λ₀)² / (2 λ₀)
///
/// - Inputs: label sets
/// - Paper: Zhu, Ying, Yang. Label Distributionally Robust Losses for Multi-class Classification:
///   Consistency, Robustness and Adaptivity. ICML 2023, section 4.3.
///   <https://arxiv.org/abs/2112.14869>
/// - Gradient: reaches the scores; λᵢ has none, as in the authors' code.
/// - Units: those of the scores.
/// - Departures: the paper has one class per example; each positive is compared with the labels that
///   are not positive, as in `DecoupledSoftmaxLoss`. The authors' code divides the scores of an example
///   by their mean size, which is left out: embeddings have a temperature. It takes one step for λ in
///   each epoch and keeps it, we take three in each call.
/// - Degenerate: a query without positives is left out of the mean; one with positives only
///   counts the last part alone.
public struct LabelALDRKLLoss: LossOverScores {
  /// The softmax temperature τ > 0; inner products are divided by it.
  public var temperature: Double
  /// λ₀ > 0, the largest temperature of a document; 1 in the authors' code.
  public var reference: Double
  /// α > 1: the larger, the less temperatures differ; 2 in the authors' examples.
  public var adaptivity: Double
  /// The margin c ≥ 0; 1 in the authors' code.
  public var margin: Double

  /// Creates the loss.
  public init(
    temperature: Double = 1, reference: Double = 1, adaptivity: Double = 2, margin: Double = 1
  ) {
    self.temperature = temperature
    self.reference = reference
    self.adaptivity = adaptivity
    self.margin = margin
  }

  /// The loss of a score matrix; τ is not applied.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    precondition(
      reference > 0 && adaptivity > 1 && margin >= 0,
      "λ₀ \(reference), α \(adaptivity), margin \(margin)")
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let labelCount = scores.size(along: 1)
      let logCount = Tensor([Double(max(2, labelCount))]).log().scalar
      let still = scores.detached()
      var lambdas = Tensor.full(
        [scores.size(along: 0)], reference, dtype: scores.dtype, device: scores.device)
      for _ in 0..<3 {
        let logs = (still / lambdas.expandingDimension(at: 1)).logSoftmax(along: 1)
        let divergence = (logs.exp() * logs).sum(along: 1) + logCount
        lambdas = divergence * (-reference / (adaptivity * logCount)) + reference
      }
      let hidden = scores.replacing(where: cells.mask(like: scores), with: -.infinity)
      let isFull = cells.counts.isEqual(to: Double(labelCount))
      let negatives = ((hidden + margin) / lambdas.expandingDimension(at: 1))
        .replacing(where: isFull.expandingDimension(at: 1), with: 0)
        .logSumExp(along: 1).replacing(where: isFull, with: -.infinity)
      let own = lambdas.gathered(rows: cells.rows)
      let compared = cells.counts.converted(to: scores.dtype) * -1 + Double(labelCount + 1)
      let margins =
        scores.elements(at: cells.positions) / own - negatives.gathered(rows: cells.rows)
      let terms = own * (-margins.logSigmoid() - compared.log().gathered(rows: cells.rows))
      let bend = (own - reference).squared() * (adaptivity * logCount / (2 * reference))
      return ((terms - bend) * cells.weights.converted(to: scores.dtype)).sum()
    }
  }
}
