public import Torch

/// Two softplus-like terms: one pushes the negatives of a query below 0, the other its positives
/// above.
///
/// Each term is ruled by its hardest labels, as in a softmax, but positives and negatives meet the
/// fixed score 0 instead of each other, so that scores of different queries are comparable. With
/// sᵢⱼ the score of query i and label j, Pᵢ the positives of i:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B) Σᵢ ( log(1 + Σ_{p ∈ Pᵢ} vᵢₚ exp −sᵢₚ) + log(1 + Σ_{j ∉ Pᵢ} exp sᵢⱼ) )
///
/// where vᵢₚ is 1, or the value of `positives`, how relevant p is to i.
///
/// - Paper: An, Yang, Dai, Feng, Deng. Multi-label Cluster Discrimination for Visual
///   Representation Learning. ECCV 2024, equation 5. <https://arxiv.org/abs/2407.17331>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is the exponential over 1 plus the sum
///   that it stands in, over B; negative at positives.
/// - Units: nats, the sum of both terms, the mean over queries. Where all scores are 0 it is
///   log(1 + |P|) + log(1 + L − |P|).
/// - Departures: the paper draws a tenth of the negative classes at every step, here all count; the
///   scale of its cosines and the margin of the partial classifier that it names are not in its
///   equation: the scale is 1 / τ here, the margin is absent. The clustering
///   that makes the labels is not part of the loss. Not compared with the authors' code.
/// - Degenerate: a query without positives counts with its negatives, one without negatives with
///   its positives. No queries at all is 0. A positive that is named twice counts once, with its
///   larger value; one of value 0 counts neither as a positive nor as a negative.
public struct MLCDLoss: Codable, Hashable, Sendable {
  /// What inner products are divided by, τ > 0; 0.05, ours, for embeddings of unit length.
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
      let mask = cells.mask(like: scores)
      let one = Tensor.zeros(
        [scores.size(along: 0), 1], dtype: scores.dtype, device: scores.device)
      func term(_ signed: Tensor, without hidden: Tensor) -> Tensor {
        Tensor.concatenated([one, signed.replacing(where: hidden, with: -.infinity)], along: 1)
          .logSumExp(along: 1).sum()
      }
      var ofPositives = -scores
      if positives.values != nil {
        let logGrades = Tensor.zeros(like: scores)
        logGrades.setElementsInPlace(
          at: cells.positions, to: cells.grades.log().converted(to: scores.dtype))
        ofPositives = ofPositives + logGrades
      }
      return (term(ofPositives, without: mask.logicalNot()) + term(scores, without: mask))
        * (1 / Double(max(1, scores.size(along: 0))))
    }
  }
}

extension MLCDLoss: StreamedLoss {
  static let name = "MLCDLoss"
  static let hidesPositives = true

  func makePass(positives: PositiveCells, like model: Tensor) -> RunningLogSumExp {
    let count = positives.counts.elementCount
    let pass = RunningLogSumExp(count: count, dtype: model.dtype, device: model.device)
    // The 1 in the logarithm.
    pass.add(.zeros([count, 1], dtype: model.dtype, device: model.device))
    return pass
  }

  func add(_ scores: Tensor, to pass: RunningLogSumExp) { pass.add(scores) }

  var sweep: ((TileSweep, RunningLogSumExp) -> Bool)? { { $0.add(to: $1) } }

  func value(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor) -> Tensor {
    let ofPositives = Self.logOfPositives(positives, scores)
    return (pass.value.sum() + ofPositives.sum())
      * (1 / Double(max(1, ofPositives.elementCount)))
  }

  func gradient(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor)
    -> ScoreGradient
  {
    let total = Self.logOfPositives(positives, scores)
    let share = 1 / Double(max(1, total.elementCount))
    let weights = Tensor.full(
      [total.elementCount], share, dtype: .float64, device: total.device)
    return ScoreGradient(
      atPositives: (positives.grades.log() - scores - total.gathered(rows: positives.rows)).exp()
        * -share,
      writeOthers: pass.softmaxWriter(rowWeights: weights))
  }

  /// `[B]`: log(1 + Σ v exp −s) over the positives of each row.
  private static func logOfPositives(_ positives: PositiveCells, _ scores: Tensor) -> Tensor {
    var peaks = [Double](repeating: 0, count: positives.counts.elementCount)
    let exponents = positives.grades.log() - scores
    for (row, exponent) in zip(positives.rows.array(of: Int64.self), exponents.doubles()) {
      // A score that is not a number shows up in the sum.
      if exponent > peaks[Int(row)] { peaks[Int(row)] = exponent }
    }
    let shift = Tensor(peaks).moved(to: scores.device)
    let sums = positives.sumsByRow((exponents - shift.gathered(rows: positives.rows)).exp())
    return shift + (sums + (-shift).exp()).log()
  }
}
