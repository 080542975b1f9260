public import Torch

/// The binary cross-entropy of every label on its own: one against the rest.
///
/// Pulls the score of each positive up and that of every other label down, each by its own
/// probability; labels do not compete. With sᵢⱼ the score of query i and label j and Pᵢ the
/// positives of i:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     L   = (1 / B) Σᵢ ( Σ_{p ∈ Pᵢ} vᵢₚ log(1 + exp −sᵢₚ) + Σ_{j ∉ Pᵢ} log(1 + exp sᵢⱼ) )
///
/// where vᵢₚ is 1, or the value of `positives`, how relevant p is to i.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, the baseline of section 3.
///   <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches queries, labels and bias. ∂L/∂sᵢⱼ is σ(sᵢⱼ) / B at negatives and
///   −vᵢⱼ σ(−sᵢⱼ) / B at positives.
/// - Units: nats, the sum over labels, the mean over queries. Where all scores are 0 it is L log 2.
/// - Departures: the authors' code also divides by L. With 100,000 labels that leaves gradients of
///   the size of Adam's ε, which then stands still; the sum over labels has gradients of the size
///   of the softmax losses'.
/// - Degenerate: a query without positives counts: all its labels are negative. No queries at all
///   is 0. A positive that is named twice counts once, with its larger value; one of value 0 counts
///   neither as a positive nor as a negative.
public struct BinaryCrossEntropyLoss: Codable, Hashable, Sendable {
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
  static let name = "BinaryCrossEntropyLoss"
  static let hidesPositives = true

  func makePass(positives: PositiveCells, like model: Tensor) -> Tensor {
    .zeros([positives.counts.elementCount], dtype: .float64, device: model.device)
  }

  func add(_ scores: Tensor, to sums: Tensor) { scores.addSoftplusRowSums(to: sums) }

  var sweep: ((TileSweep, Tensor) -> Bool)? { { $0.add(.softplus, to: $1) } }

  func value(of sums: Tensor, positives: PositiveCells, scores: Tensor) -> Tensor {
    (sums.sum() - (scores.logSigmoid() * positives.grades).sum())
      * (1 / Double(max(1, sums.elementCount)))
  }

  func gradient(of sums: Tensor, positives: PositiveCells, scores: Tensor) -> ScoreGradient {
    let share = 1 / Double(max(1, sums.elementCount))
    return ScoreGradient(
      atPositives: (-scores).sigmoid() * positives.grades * -share, tiled: .sigmoids(scale: share)
    ) {
      scores, result in
      scores.writeSigmoids(scale: share, to: result)
    }
  }
}
