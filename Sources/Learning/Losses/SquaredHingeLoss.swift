public import Torch

/// The squared hinge of every label on its own: one against the rest, with a margin.
///
/// Asks each positive for a score of 1 or more and every other label for one of −1 or less; what is
/// beyond has no gradient. It is the loss of the linear methods for many labels. With sᵢⱼ the score
/// of query i and label j, and yᵢⱼ = 1 for the positives of i, −1 for the other labels:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B) Σᵢⱼ vᵢⱼ max(0, 1 − yᵢⱼ sᵢⱼ)²
///
/// where vᵢⱼ is 1, or at positives the value of `positives`, how relevant j is to i.
///
/// - Paper: Babbar, Schölkopf. DiSMEC: Distributed Sparse Machines for Extreme Multi-label
///   Classification. WSDM 2017, the objective of one label. <https://arxiv.org/abs/1609.02521>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is −2 vᵢⱼ yᵢⱼ max(0, 1 − yᵢⱼ sᵢⱼ) / B.
/// - Units: squared scores, the sum over labels, the mean over queries. Where all scores are 0 it
///   is L.
/// - Departures: the paper sums over queries too and adds the squared length of each label vector;
///   that is the optimizer's weight decay here.
/// - Degenerate: a query without positives counts: all its labels are negative. No queries at all
///   is 0. A positive that is named twice counts once, with its larger value; one of value 0 counts
///   neither as a positive nor as a negative.
public struct SquaredHingeLoss: Codable, Hashable, Sendable {
  /// What inner products are divided by, τ > 0; 1 for linear models.
  public var temperature: Double
  /// Labels that are scored at a time; nil, ours, is about a million scores.
  ///
  /// The result depends on it only by rounding.
  public var blockSize: Int?

  /// Makes the loss.
  public init(temperature: Double = 1, blockSize: Int? = nil) {
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
  /// - Returns: a number. Differentiable once; `callAsFunction(scores:positives:)` is so twice.
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
  static let name = "SquaredHingeLoss"
  static let hidesPositives = true

  func makePass(positives: PositiveCells, like model: Tensor) -> Tensor {
    .zeros([positives.counts.elementCount], dtype: .float64, device: model.device)
  }

  func add(_ scores: Tensor, to sums: Tensor) {
    let excess = (scores + 1).relu()
    sums.addInPlace(excess.squared().sum(along: 1).converted(to: .float64))
  }

  var sweep: ((TileSweep, Tensor) -> Bool)? { { $0.add(.squaredHinges, to: $1) } }

  func value(of sums: Tensor, positives: PositiveCells, scores: Tensor) -> Tensor {
    (sums.sum() + ((1 - scores).relu().squared() * positives.grades).sum())
      * (1 / Double(max(1, sums.elementCount)))
  }

  func gradient(of sums: Tensor, positives: PositiveCells, scores: Tensor) -> ScoreGradient {
    let share = 2 / Double(max(1, sums.elementCount))
    return ScoreGradient(
      atPositives: (1 - scores).relu() * positives.grades * -share, tiled: .hinges(scale: share)
    ) {
      scores, result in
      result.copyInPlace(from: (scores + 1).relu() * share)
    }
  }
}
