import Kernels
public import Storage
public import Torch

/// A smooth log-probability that the positives are among the K labels with the highest scores.
///
/// Each query has a threshold that K labels pass in total, and each positive should be one of them.
/// Scores far above or far below the threshold have no gradient, so training works on the order
/// around rank K. With sᵢⱼ the score of query i and label j, Pᵢ the positives of i and B′ the number
/// of queries that have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     tᵢ  such that  Σⱼ σ(α (sᵢⱼ + tᵢ)) = K
///     L   = −(1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} vᵢₚ log σ(α (sᵢₚ + tᵢ))
///
/// where vᵢₚ is 1, or the value of `positives`: the relevance of p to i.
///
/// - Inputs: label sets
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, its log soft top-k. <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches queries, labels and bias, including through the threshold (implicit function
///   theorem): with σ = σ(α (sᵢⱼ + tᵢ)), v = σ (1 − σ) and uₚ = −α vₚ (1 − σₚ) / (B′ |Pᵢ|), it is
///   ∂L/∂sᵢⱼ = [j ∈ Pᵢ] uⱼ − vⱼ Σₚ uₚ / Σₗ vₗ. It sums to 0 over the labels of a query.
/// - Units: nats, the mean over a query's positives and then over queries. If all scores are
///   equal it is log(L / K).
/// - Departures: the authors' code bisects 32 times and computes vⱼ / Σ vₗ directly, which is 0 / 0 if
///   all sigmoids are saturated; here the threshold is exact up to rounding, and both are computed
///   with logarithms. That code samples at most K positives of a query and hides the others from
///   the step; here all count (see `Places.atLeast`), and the mean is over B′ instead of B.
/// - Degenerate: a query without positives is left out of the mean; an empty mean is 0 with gradient 0.
///   A query with at most K labels (those with score −∞ do not count) has no threshold: it
///   counts 0 with gradient 0. A positive listed twice counts once, with its larger value;
///   one of value 0 is not in |Pᵢ|.
public struct SoftTopKLoss: Codable, Hashable, Sendable {
  /// The number of labels that pass a threshold.
  public enum Places: Codable, Hashable, Sendable {
    /// The same number K > 0 for every query.
    case fixed(Int)
    /// The number of the query's positives.
    case positives
    /// K > 0, or the number of the query's positives if that is larger.
    ///
    /// With `fixed`, a query's positives compete with each other if there are more than K.
    case atLeast(Int)
  }

  /// The softmax temperature τ > 0; inner products are divided by it.
  ///
  /// The authors' code has 0.05 for embeddings of unit length (the default) and 1 for others.
  public var temperature: Double
  /// K; 5, or the number of a query's positives if that is larger (the authors' code has 5).
  public var places: Places
  /// The sharpness α > 0 of the threshold; 2 in the authors' code.
  public var sharpness: Double
  /// The number of labels per block; nil, our default, means about a million scores.
  ///
  /// It affects the result only by rounding.
  public var blockSize: Int?

  /// Creates the loss.
  public init(
    temperature: Double = 0.05, places: Places = .atLeast(5), sharpness: Double = 2,
    blockSize: Int? = nil
  ) {
    self.temperature = temperature
    self.places = places
    self.sharpness = sharpness
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
  /// - Precondition: the shapes match, dtypes and devices are equal, τ, α and K > 0.
  /// - Complexity: O(B · L · D) time for each sweep over the labels, which score them again unless they
  ///   fit into one block; about one sweep with the CPU's kernels, many labels and one process, else
  ///   about four; O(B · `blockSize` + B + positives) memory in addition to the gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    offset: SparseLinearScores? = nil
  ) throws -> Tensor {
    try withThresholds(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset
    ).loss
  }

  /// The loss over all labels with its thresholds, from which the next search can start.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L.
  ///   - logTemperature: the logarithm of a learnt τ, `[]` or `[1]`; nil takes `temperature`.
  ///   - start: `[B]`, where the search for each threshold starts; nil, or a value that is not a
  ///     number, starts at the lowest value possible. The result depends on it only by rounding.
  ///   - offset: scores of a wide model, added unscaled; receives its own gradient.
  /// - Returns: the loss, and tᵢ as float64 `[B]` without a gradient (0 if all labels
  ///   pass).
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal, τ, α and K > 0.
  /// - Complexity: as the loss; a good start saves sweeps, each a product of B · L · D.
  public func withThresholds(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    logTemperature: Tensor? = nil, start: Tensor? = nil, offset: SparseLinearScores? = nil
  ) throws -> (loss: Tensor, thresholds: Tensor) {
    check(start, rowCount: queries.size(along: 0))
    let (options, divided) = logTemperature.map { dividing(queries, by: $0) } ?? (self, queries)
    let record = ThresholdRecord()
    let loss = try SoftTopKCall(options: options, start: start, record: record)
      .streamed(
        queries: divided, labels: labels, bias: bias, positives: positives, offset: offset)
    return (loss, record.thresholds ?? .zeros([0], dtype: .float64))
  }

  /// The loss of a score matrix; τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - positives: B rows of columns below L.
  /// - Returns: a number. Differentiable twice.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, α and K > 0.
  /// - Complexity: O(B · L) time for each of about ten steps, and memory.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    check(nil, rowCount: 0)
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let still = scores.detached()
      let sums = withoutGradients {
        thresholdSums(start: nil).rowSums(ofScores: still, positiveCounts: cells.counts)
      }
      let hidden = still.isEqual(to: -.infinity)
      let moves = (scores - still).replacing(where: hidden, with: 0)
      let current = sums.thresholds.converted(to: scores.dtype)
      // ∂t/∂s is −p, the shares of v. A first order step with the shares half way along the move
      // has the right first and second derivatives, whatever the saturation.
      let z = (still + sums.thresholds.expandingDimension(at: 1)) * sharpness
      let here = (z.logSigmoidDerivative() - sums.logDerivativeSum.expandingDimension(at: 1)).exp()
        .converted(to: scores.dtype)
      let halfway = current - (here * moves * 0.5).sum(along: 1)
      let half = still + moves * 0.5 + halfway.expandingDimension(at: 1)
      let shares = (half * sharpness).logSigmoidDerivative().softmax(along: 1)
      let thresholds = current - (shares * moves).sum(along: 1)
      let rows = cells.rows
      let margins = scores.elements(at: cells.positions) + thresholds.gathered(rows: rows)
      let weights = sums.weights(cells).converted(to: scores.dtype)
      return -((margins * sharpness).logSigmoid() * weights).sum()
    }
  }

  /// The thresholds as sums over the labels.
  fileprivate func thresholdSums(start: Tensor?) -> SigmoidThresholds {
    let (places, countsPositives) =
      switch places {
      case .fixed(let count): (count, false)
      case .positives: (0, true)
      case .atLeast(let count): (count, true)
      }
    return SigmoidThresholds(
      places: places, countsPositives: countsPositives, sharpness: sharpness, start: start)
  }

  private func check(_ start: Tensor?, rowCount: Int) {
    precondition(
      sharpness > 0 && sharpness.isFinite, "the sharpness \(sharpness) is not positive")
    switch places {
    case .fixed(let count), .atLeast(let count): precondition(count > 0, "\(count) places")
    case .positives: break
    }
    if let start {
      precondition(
        start.shape == [rowCount], "thresholds of shape \(start.shape) for \(rowCount) queries")
    }
  }
}

/// Receives the thresholds of a forward pass.
private final class ThresholdRecord: Sendable {
  // Written once, before the call that made it returns.
  nonisolated(unsafe) var thresholds: Tensor?
}

/// The loss of one call, whose search for the thresholds has a starting point.
private struct SoftTopKCall: StreamedLoss {
  static let name = "SoftTopKLoss"

  let options: SoftTopKLoss
  let start: Tensor?
  let record: ThresholdRecord

  var temperature: Double { options.temperature }
  var blockSize: Int? { options.blockSize }
  var sums: LabelSums { .thresholds(options.thresholdSums(start: start)) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    record.thresholds = sums.thresholds
    return -(margins(sums, positives, positiveScores).logSigmoid() * sums.weights(positives)).sum()
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    let margins = margins(sums, positives, positiveScores)
    let pulls = (-margins).sigmoid() * sums.weights(positives) * options.sharpness
    let rowPulls = positives.sumsByRow(pulls)
    let rows = positives.rows
    let shares =
      (margins.logSigmoidDerivative() - sums.logDerivativeSum.gathered(rows: rows)).exp()
    return LossGradient(
      atPositives: shares * rowPulls.gathered(rows: rows) - pulls,
      elsewhere: .sigmoidDerivatives(
        thresholds: sums.thresholds, sharpness: options.sharpness,
        logSum: sums.logDerivativeSum, scale: rowPulls))
  }

  /// α (s + t) at the positives.
  private func margins(_ sums: RowSums, _ positives: PositiveCells, _ scores: Tensor) -> Tensor {
    (scores + sums.thresholds.gathered(rows: positives.rows)) * options.sharpness
  }
}

extension RowSums {
  /// The weights of the positives, 0 in rows without a threshold.
  fileprivate func weights(_ positives: PositiveCells) -> Tensor {
    positives.weights.replacing(where: isOpen.gathered(rows: positives.rows), with: 0)
  }
}
