import Kernels
public import Storage
public import Torch

/// The cross-entropy of each positive label against all labels, the other positives included.
///
/// The usual softmax loss for several positives. Since the positives of a query share one
/// distribution they push each other away; `DecoupledSoftmaxLoss` avoids that. With sᵢⱼ the
/// score of query i and label j, Pᵢ the positives of i and B′ the number of queries that have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} vᵢₚ (log Σⱼ exp sᵢⱼ − sᵢₚ)
///
/// where vᵢₚ is 1, or the value of `positives`: the relevance of p to i.
///
/// - Inputs: label sets
/// - Paper: van den Oord, Li, Vinyals. Representation Learning with Contrastive Predictive Coding.
///   2018, equation 4, with the mean over positives of Khosla and others, Supervised Contrastive
///   Learning, NeurIPS 2020, equation 2. <https://arxiv.org/abs/1807.03748>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is softmax(sᵢ)ⱼ times the mean of v over Pᵢ,
///   over B′, minus vᵢⱼ / (B′ |Pᵢ|) at positives.
/// - Units: nats, the mean over a query's positives and then over queries. If all scores are
///   equal it is log L; with k positives it cannot fall below log k.
/// - Departures: DEXML's `softmax` loss sums over a query's positives; this takes their mean.
/// - Degenerate: a query without positives is left out of the mean; an empty mean is 0 with gradient 0.
///   A positive listed twice counts once, with its larger value. One of value 0 is not in
///   |Pᵢ| and is a label like the others.
public struct InfoNCELoss: Codable, Hashable, Sendable {
  /// The softmax temperature τ > 0; inner products are divided by it.
  ///
  /// DEXML's code has 0.05 for embeddings of unit length (the default) and 1 for others.
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
      let all = scores.logSumExp(along: 1).gathered(rows: cells.rows)
      let terms = all - scores.elements(at: cells.positions)
      return (terms * cells.weights.converted(to: scores.dtype)).sum()
    }
  }
}

extension InfoNCELoss: StreamedLoss {
  var sums: LabelSums { .all(.exponentials) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    let terms = sums.logSumExp.gathered(rows: positives.rows) - positiveScores
    return (terms * positives.weights).sum()
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
    let rowWeights = positives.sumsByRow(weights)
    let probabilities = (positiveScores - sums.logSumExp.gathered(rows: positives.rows)).exp()
    return LossGradient(
      atPositives: probabilities * rowWeights.gathered(rows: positives.rows) - weights,
      elsewhere: sums.softmax(times: rowWeights))
  }
}
