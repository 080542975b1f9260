import Kernels
public import Storage
public import Torch

/// The cross-entropy of each positive label against all labels that are not positive.
///
/// Pulls a query towards its positives and away from the other labels. Unlike InfoNCE, the
/// positives of a query never compete with each other, which matters if a query has many. With
/// sᵢⱼ the score of query i and label j, Pᵢ the positives of i and B′ the number of queries that
/// have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     nᵢ  = log Σ_{j ∉ Pᵢ} exp sᵢⱼ
///     L   = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} vᵢₚ log(1 + exp(nᵢ − sᵢₚ))
///
/// where vᵢₚ is 1, or the value of `positives`: the relevance of p to i.
///
/// - Inputs: label sets
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, section 4.1. <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches queries, labels and bias. With q = vᵢₚ σ(nᵢ − sᵢₚ): ∂L/∂sᵢₚ = −q / (B′ |Pᵢ|),
///   and at the other labels softmax over them times the mean of q over Pᵢ, over B′.
/// - Units: nats, the mean over a query's positives and then over queries. If all scores are
///   equal it is log(1 + L − |P|).
/// - Departures: none from the paper. The authors' code masks with a score of −100, treats the last
///   label of a shard as a negative, and divides by B instead of B′; here cells are masked by
///   their index. Relevance works as in that code: weights multiply the terms and do not enter |Pᵢ|.
/// - Degenerate: a query without positives is left out of the mean; an empty mean is 0 with gradient 0.
///   A query whose labels are all positive has no negatives: it counts 0 with
///   gradient 0. A positive listed twice counts once, with its larger value. One of value 0
///   is not a negative either and is not in |Pᵢ|: it is left out of the comparison.
public struct DecoupledSoftmaxLoss: Codable, Hashable, Sendable {
  /// The softmax temperature τ > 0; inner products are divided by it.
  ///
  /// The authors' code has 0.05 for embeddings of unit length (the default) and 1 for others.
  public var temperature: Double
  /// The number of labels per block; nil, our default, means about a million scores.
  ///
  /// It affects the result only by rounding.
  public var blockSize: Int?

  /// Creates the loss.
  public init(temperature: Double = 0.05, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss over all labels; the score matrix is never materialised.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L.
  ///   - offset: scores of a wide model, added unscaled; receives its own gradient.
  /// - Returns: a number. Differentiable once; `callAsFunction(scores:positives:)` any number of
  ///   times.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal, τ > 0.
  /// - Complexity: O(B · L · D) time; O(B · `blockSize` + B + positives) memory in addition to
  ///   the gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    offset: SparseLinearScores? = nil
  ) throws -> Tensor {
    try streamed(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
  }

  /// The loss of a score matrix; τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - positives: B rows of columns below L.
  /// - Returns: a number.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match.
  /// - Complexity: O(B · L) time and memory.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let hidden = scores.replacing(where: cells.mask(like: scores), with: -.infinity)
      // log Σ exp of nothing is −∞, but its gradient would be NaN: such rows are handled separately.
      let isFull = cells.counts.isEqual(to: Double(scores.size(along: 1)))
      let negatives = hidden.replacing(where: isFull.expandingDimension(at: 1), with: 0)
        .logSumExp(along: 1).replacing(where: isFull, with: -.infinity)
      let margins = scores.elements(at: cells.positions) - negatives.gathered(rows: cells.rows)
      return (-margins.logSigmoid() * cells.weights.converted(to: scores.dtype)).sum()
    }
  }
}

extension DecoupledSoftmaxLoss: StreamedLoss {
  var sums: LabelSums { .others(.exponentials) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    let margins = positiveScores - sums.logSumExp.gathered(rows: positives.rows)
    return -(margins.logSigmoid() * positives.weights).sum()
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    gradient(
      of: sums, positives: positives, positiveScores: positiveScores, weights: positives.weights)
  }

  func gradient(
    of sums: RowSums, positives: PositiveCells, positiveScores: Tensor, weights: Tensor
  ) -> LossGradient {
    let misses =
      (sums.logSumExp.gathered(rows: positives.rows) - positiveScores).sigmoid() * weights
    return LossGradient(
      atPositives: -misses, elsewhere: sums.softmax(times: positives.sumsByRow(misses)))
  }
}
