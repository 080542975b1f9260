public import Torch

/// The cross-entropy of each positive label against all labels, the other positives included.
///
/// The usual softmax loss for several positives. Since the positives of a query share one
/// distribution they push each other away; `DecoupledSoftmaxLoss` does without that. With sᵢⱼ the
/// score of query i and label j, Pᵢ the positives of i and B′ the number of queries that have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} vᵢₚ (log Σⱼ exp sᵢⱼ − sᵢₚ)
///
/// where vᵢₚ is 1, or the value of `positives`, how relevant p is to i.
///
/// - Paper: van den Oord, Li, Vinyals. Representation Learning with Contrastive Predictive Coding.
///   2018, equation 4, with the mean over positives of Khosla and others, Supervised Contrastive
///   Learning, NeurIPS 2020, equation 2. <https://arxiv.org/abs/1807.03748>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is softmax(sᵢ)ⱼ times the mean of v over Pᵢ,
///   over B′, minus vᵢⱼ / (B′ |Pᵢ|) at positives.
/// - Units: nats, the mean over a query's positives and then over queries. Where all scores are
///   equal it is log L; with k positives it cannot fall below log k.
/// - Departures: DEXML's `softmax` loss sums over a query's positives where this takes their mean.
/// - Degenerate: a query without positives leaves the mean, and an empty mean is 0 with gradient 0.
///   A positive that is named twice counts once, with its larger value. One of value 0 is not in
///   |Pᵢ| and is a label like the others.
public struct InfoNCELoss: Codable, Hashable, Sendable {
  /// What inner products are divided by, τ > 0.
  ///
  /// DEXML's code has 0.05 for embeddings of unit length (the default) and 1 for others.
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
      let all = scores.logSumExp(along: 1).gathered(rows: cells.rows)
      let terms = all - scores.elements(at: cells.positions)
      return (terms * cells.weights.converted(to: scores.dtype)).sum()
    }
  }
}

extension InfoNCELoss: StreamedLoss {
  static let name = "InfoNCELoss"
  static let hidesPositives = false

  func makePass(positives: PositiveCells, like model: Tensor) -> RunningLogSumExp {
    RunningLogSumExp(
      count: positives.counts.elementCount, dtype: model.dtype, device: model.device)
  }

  func add(_ scores: Tensor, to pass: RunningLogSumExp) { pass.add(scores) }

  var sweep: ((TileSweep, RunningLogSumExp) -> Bool)? { { $0.add(to: $1) } }

  func value(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor) -> Tensor {
    let terms = pass.value.gathered(rows: positives.rows) - scores
    return (terms * positives.weights).sum()
  }

  func gradient(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor)
    -> ScoreGradient
  {
    let rowWeights = positives.sumsByRow(positives.weights)
    let probabilities = (scores - pass.value.gathered(rows: positives.rows)).exp()
    return ScoreGradient(
      atPositives: probabilities * rowWeights.gathered(rows: positives.rows) - positives.weights,
      writeOthers: pass.softmaxWriter(rowWeights: rowWeights))
  }
}
