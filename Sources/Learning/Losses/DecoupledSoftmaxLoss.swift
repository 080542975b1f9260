public import Torch

/// The cross-entropy of each positive label against all labels that are not positive.
///
/// Pulls a query towards its positives and away from the other labels. Unlike InfoNCE it never
/// sets the positives of a query against each other, which matters where a query has many. With
/// sᵢⱼ the score of query i and label j, Pᵢ the positives of i and B′ the number of queries that
/// have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     nᵢ  = log Σ_{j ∉ Pᵢ} exp sᵢⱼ
///     L   = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} vᵢₚ log(1 + exp(nᵢ − sᵢₚ))
///
/// where vᵢₚ is 1, or the value of `positives`, how relevant p is to i.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, section 4.1. <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches queries, labels and bias. With q = vᵢₚ σ(nᵢ − sᵢₚ): ∂L/∂sᵢₚ = −q / (B′ |Pᵢ|),
///   and at the other labels softmax over them times the mean of q over Pᵢ, over B′.
/// - Units: nats, the mean over a query's positives and then over queries. Where all scores are
///   equal it is log(1 + L − |P|).
/// - Departures: none from the paper. The authors' code masks with a score of −100, takes the last
///   label of a shard for a negative, and divides by B instead of B′; here cells are masked by
///   their index. Relevance is that code's: weights multiply the terms and do not enter |Pᵢ|.
/// - Degenerate: a query without positives leaves the mean, and an empty mean is 0 with gradient 0.
///   A query whose labels are all positive has nothing to be set against: it counts 0 with
///   gradient 0. A positive that is named twice counts once, with its larger value. One of value 0
///   is no negative either and is not in |Pᵢ|: it is left out of the comparison.
public struct DecoupledSoftmaxLoss: Codable, Hashable, Sendable {
  /// What inner products are divided by, τ > 0.
  ///
  /// The authors' code has 0.05 for embeddings of unit length (the default) and 1 for others.
  public var temperature: Double
  /// Labels that are scored at a time; nil, ours, is about a million scores.
  ///
  /// The result depends on it only by rounding.
  public var blockSize: Int?

  /// Makes the loss.
  public init(temperature: Double = 0.05, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss over all labels, without ever holding the score matrix.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L.
  ///   - beside: a wide part's scores, added as they are; it takes its gradient.
  /// - Returns: a number. Differentiable once; `callAsFunction(scores:positives:)` is so any number
  ///   of times.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, dtypes and devices are equal, τ > 0.
  /// - Complexity: O(B · L · D) time; O(B · `blockSize` + B + positives) memory besides the
  ///   gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    beside: SparseLinearScores? = nil
  ) throws -> Tensor {
    try streamed(
      queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
  }

  /// The loss of a score matrix as it is: τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - positives: B rows of columns below L.
  /// - Returns: a number.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit.
  /// - Complexity: O(B · L) time and memory.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let hidden = scores.replacing(where: cells.mask(like: scores), with: -.infinity)
      // log Σ exp of nothing is −∞, but its gradient would be NaN: such rows are set apart.
      let isFull = cells.counts.isEqual(to: Double(scores.size(along: 1)))
      let negatives = hidden.replacing(where: isFull.expandingDimension(at: 1), with: 0)
        .logSumExp(along: 1).replacing(where: isFull, with: -.infinity)
      let margins = scores.elements(at: cells.positions) - negatives.gathered(rows: cells.rows)
      return (-margins.logSigmoid() * cells.weights.converted(to: scores.dtype)).sum()
    }
  }
}

extension DecoupledSoftmaxLoss: StreamedLoss {
  static let name = "DecoupledSoftmaxLoss"
  static let hidesPositives = true

  func makePass(positives: PositiveCells, like model: Tensor) -> RunningLogSumExp {
    RunningLogSumExp(
      count: positives.counts.elementCount, dtype: model.dtype, device: model.device)
  }

  func add(_ scores: Tensor, to pass: RunningLogSumExp) { pass.add(scores) }

  var sweep: ((TileSweep, RunningLogSumExp) -> Bool)? { { $0.add(to: $1) } }

  func value(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor) -> Tensor {
    let margins = scores - pass.value.gathered(rows: positives.rows)
    return -(margins.logSigmoid() * positives.weights).sum()
  }

  func gradient(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor)
    -> ScoreGradient
  {
    let misses =
      (pass.value.gathered(rows: positives.rows) - scores).sigmoid() * positives.weights
    return ScoreGradient(
      atPositives: -misses,
      writeOthers: pass.softmaxWriter(rowWeights: positives.sumsByRow(misses)))
  }
}
