public import Torch

/// How likely the positives are to be among the K labels of the highest scores, made smooth.
///
/// A threshold of its own for every query lets K labels through in total; each positive is asked
/// to be one of them. What lies far above or far below the threshold has no gradient, so that the
/// effort goes into the order around place K. With sᵢⱼ the score of query i and label j, Pᵢ the
/// positives of i and B′ the number of queries that have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     tᵢ  such that  Σⱼ σ(α (sᵢⱼ + tᵢ)) = K
///     L   = −(1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} vᵢₚ log σ(α (sᵢₚ + tᵢ))
///
/// where vᵢₚ is 1, or the value of `positives`, how relevant p is to i.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, its log soft top-k. <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches queries, labels and bias, through the threshold as well (implicit function
///   theorem): with σ = σ(α (sᵢⱼ + tᵢ)), v = σ (1 − σ) and uₚ = −α vₚ (1 − σₚ) / (B′ |Pᵢ|), it is
///   ∂L/∂sᵢⱼ = [j ∈ Pᵢ] uⱼ − vⱼ Σₚ uₚ / Σₗ vₗ. It sums to 0 over the labels of a query.
/// - Units: nats, the mean over a query's positives and then over queries. Where all scores are
///   equal it is log(L / K).
/// - Departures: the authors' code bisects 32 times and forms vⱼ / Σ vₗ as it stands, which is 0 / 0
///   where all sigmoids are saturated; here the threshold is exact to rounding, and both are
///   computed with logarithms. That code draws at most K positives of a query and hides the others
///   from the step; here all count (see `Places.atLeast`), and the mean is over B′ instead of B.
/// - Degenerate: a query without positives leaves the mean, and an empty mean is 0 with gradient 0.
///   A query with no more than K labels (those of score −∞ do not count) lets all through: it
///   counts 0 with gradient 0. A positive that is named twice counts once, with its larger value;
///   one of value 0 is not in |Pᵢ|.
public struct SoftTopKLoss: Codable, Hashable, Sendable {
  /// How many labels a threshold lets through.
  public enum Places: Codable, Hashable, Sendable {
    /// The same number K > 0 for every query.
    case fixed(Int)
    /// As many as the query has positives.
    case positives
    /// K > 0, or as many as the query has positives where these are more.
    ///
    /// With `fixed`, the positives beyond K of a query have to push each other out.
    case atLeast(Int)
  }

  /// What inner products are divided by, τ > 0.
  ///
  /// The authors' code has 0.05 for embeddings of unit length (the default) and 1 for others.
  public var temperature: Double
  /// K; 5, or as many as a query has positives where these are more (the authors' code has 5).
  public var places: Places
  /// How hard the threshold is, α > 0; 2 in the authors' code.
  public var sharpness: Double
  /// Labels that are scored at a time; nil, ours, is about a million scores.
  ///
  /// The result depends on it only by rounding.
  public var blockSize: Int?

  /// Makes the loss.
  public init(
    temperature: Double = 0.05, places: Places = .atLeast(5), sharpness: Double = 2,
    blockSize: Int? = nil
  ) {
    self.temperature = temperature
    self.places = places
    self.sharpness = sharpness
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
  /// - Precondition: the shapes fit, dtypes and devices are equal, τ, α and K > 0.
  /// - Complexity: O(B · L · D) time for each of about four sweeps over the labels, which score them
  ///   again unless they fit in one block; O(B · `blockSize` + B + positives) memory besides the
  ///   gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    beside: SparseLinearScores? = nil
  ) throws -> Tensor {
    try withThresholds(
      queries: queries, labels: labels, bias: bias, positives: positives, beside: beside
    ).loss
  }

  /// The loss over all labels with the thresholds that it found, to start the next search from.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores; nil is 0.
  ///   - positives: B rows of columns below L.
  ///   - start: `[B]`, where the search for each threshold begins; nil, or what is not a number,
  ///     begins at the lowest value possible. The result depends on it only by rounding.
  ///   - beside: a wide part's scores, added as they are; it takes its gradient.
  /// - Returns: the loss, and tᵢ as float64 `[B]` without a gradient (0 where all labels are let
  ///   through).
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, dtypes and devices are equal, τ, α and K > 0.
  /// - Complexity: as the loss; each sweep that a good start saves is a product of B · L · D.
  public func withThresholds(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    start: Tensor? = nil, beside: SparseLinearScores? = nil
  ) throws -> (loss: Tensor, thresholds: Tensor) {
    check(start, rowCount: queries.size(along: 0))
    let found = FoundThresholds()
    let loss = try SoftTopKSearch(options: self, start: start, found: found)
      .streamed(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    return (loss, found.values ?? .zeros([0], dtype: .float64))
  }

  /// The loss of a score matrix as it is: τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - positives: B rows of columns below L.
  /// - Returns: a number. Differentiable twice.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, α and K > 0.
  /// - Complexity: O(B · L) time for each of about ten steps, and memory.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    check(nil, rowCount: 0)
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let still = scores.detached()
      let search = SoftTopKPass(self, cells, start: nil, like: still)
      withoutGradients {
        repeat { search.addBlock(still) } while search.finishSweep()
      }
      let hidden = still.isEqual(to: -.infinity)
      let moves = (scores - still).replacing(where: hidden, with: 0)
      let found = search.thresholds.converted(to: scores.dtype)
      // ∂t/∂s is −p, the shares of v. A first order step with the shares half way along the move
      // has the right first and second derivatives, whatever the saturation.
      let here = search.shares(still).converted(to: scores.dtype)
      let halfway = found - (here * moves * 0.5).sum(along: 1)
      let half = still + moves * 0.5 + halfway.expandingDimension(at: 1)
      let shares = SoftTopKPass.logSlopes(half * sharpness).softmax(along: 1)
      let thresholds = found - (shares * moves).sum(along: 1)
      let rows = cells.rows
      let margins = scores.elements(at: cells.positions) + thresholds.gathered(rows: rows)
      let weights = search.weights(cells).converted(to: scores.dtype)
      return -((margins * sharpness).logSigmoid() * weights).sum()
    }
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

/// Where a search leaves its result.
private final class FoundThresholds: Sendable {
  // Written once, before the call that made it returns.
  nonisolated(unsafe) var values: Tensor?
}

/// The loss of one call: with a place to start from.
private struct SoftTopKSearch: StreamedLoss {
  static let name = "SoftTopKLoss"
  static let hidesPositives = false
  static let sweepsOften = true

  let options: SoftTopKLoss
  let start: Tensor?
  let found: FoundThresholds

  var temperature: Double { options.temperature }
  var blockSize: Int? { options.blockSize }

  func makePass(positives: PositiveCells, like model: Tensor) -> SoftTopKPass {
    SoftTopKPass(options, positives, start: start, like: model)
  }

  func add(_ scores: Tensor, to pass: SoftTopKPass) { pass.addBlock(scores) }

  var sweep: ((TileSweep, SoftTopKPass) -> Bool)? { { $1.add($0) } }

  func needsAnotherSweep(_ pass: SoftTopKPass) -> Bool { pass.finishSweep() }

  func value(of pass: SoftTopKPass, positives: PositiveCells, scores: Tensor) -> Tensor {
    found.values = pass.thresholds
    return -(pass.margins(positives, scores).logSigmoid() * pass.weights(positives)).sum()
  }

  func gradient(of pass: SoftTopKPass, positives: PositiveCells, scores: Tensor) -> ScoreGradient {
    let margins = pass.margins(positives, scores)
    let pulls = (-margins).sigmoid() * pass.weights(positives) * options.sharpness
    let rowPulls = positives.sumsByRow(pulls)
    let rows = positives.rows
    let shares =
      (SoftTopKPass.logSlopes(margins) - pass.logSlope.gathered(rows: rows)).exp()
    return ScoreGradient(
      atPositives: shares * rowPulls.gathered(rows: rows) - pulls,
      tiled: pass.slopes(times: rowPulls)
    ) {
      pass.writeShares($0, times: rowPulls, to: $1)
    }
  }
}
