import Kernels
public import Storage
public import Torch

/// The binary cross-entropy of each label, one against the rest.
///
/// Pulls the score of each positive up and that of every other label down, each by its own
/// probability; labels do not compete. With sᵢⱼ the score of query i and label j and Pᵢ the
/// positives of i:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B) Σᵢ ( Σ_{p ∈ Pᵢ} vᵢₚ log(1 + exp −sᵢₚ) + Σ_{j ∉ Pᵢ} log(1 + exp sᵢⱼ) )
///
/// where vᵢₚ is 1, or the value of `positives`: the relevance of p to i.
///
/// - Inputs: label sets
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, the baseline of section 3.
///   <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is σ(sᵢⱼ) / B at negatives and
///   −vᵢⱼ σ(−sᵢⱼ) / B at positives.
/// - Units: nats, the sum over labels, the mean over queries. If all scores are 0 it is L log 2.
/// - Departures: the authors' code also divides by L. With 100,000 labels its gradients are as
///   small as Adam's ε, and training stalls; the sum over labels has gradients of the size of the
///   softmax losses'.
/// - Degenerate: a query without positives counts: all its labels are negative. Without queries the
///   loss is 0. A positive listed twice counts once, with its larger value; one of value 0 counts
///   neither as a positive nor as a negative.
public struct BinaryCrossEntropyLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0; inner products are divided by it.
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
      // log(1 + e^s) is −log σ(−s); only positives keep their sign.
      let signed = (-scores).replacing(where: cells.mask(like: scores), with: scores)
      var total = signed.logSigmoid().sum()
      if positives.values != nil {
        let surplus = (cells.grades - 1).converted(to: scores.dtype)
        total = total + (scores.elements(at: cells.positions).logSigmoid() * surplus).sum()
      }
      return -total * (1 / Double(max(1, scores.size(along: 0))))
    }
  }
}

extension BinaryCrossEntropyLoss: StreamedLoss {
  var sums: LabelSums { .others(.softplus) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    (sums.totals.sum() - (positiveScores.logSigmoid() * positives.grades).sum())
      * positives.rowWeight
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    gradient(
      of: sums, positives: positives, positiveScores: positiveScores,
      weights: cellWeights(positives))
  }

  func gradient(
    of sums: RowSums, positives: PositiveCells, positiveScores: Tensor, weights: Tensor
  ) -> LossGradient {
    LossGradient(
      atPositives: -(-positiveScores).sigmoid() * weights,
      elsewhere: .sigmoids(scale: positives.rowWeight))
  }
}
