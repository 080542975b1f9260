import Kernels
public import Storage
public import Torch

/// The squared hinge of each label, one against the rest, with a margin.
///
/// Pushes the score of each positive to 1 or more and that of every other label to −1 or less; scores
/// beyond have no gradient. Linear methods for many labels minimise this loss. With sᵢⱼ the score
/// of query i and label j, and yᵢⱼ = 1 for the positives of i, −1 for the other labels:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B) Σᵢⱼ vᵢⱼ max(0, 1 − yᵢⱼ sᵢⱼ)²
///
/// where vᵢⱼ is 1, or at positives the value of `positives`: the relevance of j to i.
///
/// - Inputs: label sets
/// - Paper: Babbar, Schölkopf. DiSMEC: Distributed Sparse Machines for Extreme Multi-label
///   Classification. WSDM 2017, the objective of one label. <https://arxiv.org/abs/1609.02521>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is −2 vᵢⱼ yᵢⱼ max(0, 1 − yᵢⱼ sᵢⱼ) / B.
/// - Units: squared scores, the sum over labels, the mean over queries. If all scores are 0 it
///   is L.
/// - Departures: the paper sums over queries too and adds the squared length of each label vector;
///   that is the optimizer's weight decay here.
/// - Degenerate: a query without positives counts: all its labels are negative. Without queries the
///   loss is 0. A positive listed twice counts once, with its larger value; one of value 0 counts
///   neither as a positive nor as a negative.
public struct SquaredHingeLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0; inner products are divided by it.
  ///
  /// 1 for linear models.
  public var temperature: Double
  /// The number of labels per block; nil, our default, means about a million scores.
  ///
  /// It affects the result only by rounding.
  public var blockSize: Int?

  /// Creates the loss.
  public init(temperature: Double = 1, blockSize: Int? = nil) {
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
  /// - Returns: a number. Differentiable once; `callAsFunction(scores:positives:)` twice.
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
      let wrong = scores.replacing(where: cells.mask(like: scores), with: -scores)
      var total = (wrong + 1).relu().squared().sum()
      if positives.values != nil {
        let surplus = (cells.grades - 1).converted(to: scores.dtype)
        let missing = (1 - scores.elements(at: cells.positions)).relu()
        total = total + (missing.squared() * surplus).sum()
      }
      return total * (1 / Double(max(1, scores.size(along: 0))))
    }
  }
}

extension SquaredHingeLoss: StreamedLoss {
  var sums: LabelSums { .others(.squaredHinges) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    (sums.totals.sum() + ((1 - positiveScores).relu().squared() * positives.grades).sum())
      * positives.rowWeight
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    LossGradient(
      atPositives: (1 - positiveScores).relu() * positives.grades * (-2 * positives.rowWeight),
      elsewhere: .hinges(scale: 2 * positives.rowWeight))
  }
}
