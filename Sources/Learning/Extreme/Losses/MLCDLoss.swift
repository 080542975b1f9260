import Kernels
public import Storage
public import Torch

/// Two softplus-like terms: one pushes the negatives of a query below 0, the other its positives
/// above.
///
/// The hardest labels dominate each term, as in a softmax, but positives and negatives are compared
/// with the fixed score 0 instead of each other, so scores of different queries are comparable. With
/// sᵢⱼ the score of query i and label j, Pᵢ the positives of i:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B) Σᵢ ( log(1 + Σ_{p ∈ Pᵢ} vᵢₚ exp −sᵢₚ) + log(1 + Σ_{j ∉ Pᵢ} exp sᵢⱼ) )
///
/// where vᵢₚ is 1, or the value of `positives`: the relevance of p to i.
///
/// - Inputs: label sets
/// - Paper: An, Yang, Dai, Feng, Deng. Multi-label Cluster Discrimination for Visual
///   Representation Learning. ECCV 2024, equation 5. <https://arxiv.org/abs/2407.17331>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is the exponential divided by 1 plus
///   its sum, over B; negative at positives.
/// - Units: nats, the sum of both terms, the mean over queries. If all scores are 0 it is
///   log(1 + |P|) + log(1 + L − |P|).
/// - Departures: the paper samples a tenth of the negative classes at each step; here all count. The
///   scale of its cosines and the margin of its partial classifier are not in its equation: here
///   the scale is 1 / τ, without a margin. The clustering that creates the labels is not part of
///   the loss. Not compared with the authors' code.
/// - Degenerate: a query without positives counts with its negatives, one without negatives with
///   its positives. Without queries the loss is 0. A positive listed twice counts once, with its
///   larger value; one of value 0 counts neither as a positive nor as a negative.
public struct MLCDLoss: Codable, Hashable, Sendable {
  /// The softmax temperature τ > 0; inner products are divided by it.
  ///
  /// 0.05, ours, for embeddings of unit length.
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
  var sums: LabelSums { .others(.exponentialsAndOne) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    (sums.logSumExp.sum() + Self.logOfPositives(positives, positiveScores).sum())
      * positives.rowWeight
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    let total = Self.logOfPositives(positives, positiveScores)
    let share = positives.rowWeight
    return LossGradient(
      atPositives: (positives.grades.log() - positiveScores - total.gathered(rows: positives.rows))
        .exp() * -share,
      elsewhere: sums.softmax(times: .ones(like: total) * share))
  }

  /// `[B]`: log(1 + Σ v exp −s) over the positives of each row.
  private static func logOfPositives(_ positives: PositiveCells, _ scores: Tensor) -> Tensor {
    var peaks = [Double](repeating: 0, count: positives.rowCount)
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
