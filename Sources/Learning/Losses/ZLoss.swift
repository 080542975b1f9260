public import Torch

/// How far a positive stands out from the scores of its query, counted in their standard
/// deviations.
///
/// Neither adding a number to all scores of a query nor multiplying them by one changes it: only
/// the order and the relative distances count. With sᵢⱼ the score of query i and label j, Pᵢ the
/// positives of i and B′ the number of queries that have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     zᵢⱼ = (sᵢⱼ − μᵢ) / σᵢ     with the mean and the standard deviation over all labels
///     L   = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} (vᵢₚ / a) log(1 + exp a (b − zᵢₚ))
///
/// where vᵢₚ is 1, or the value of `positives`, how relevant p is to i.
///
/// - Paper: de Brébisson, Vincent. The Z-loss: a shift and scale invariant classification loss
///   belonging to the Spherical Family. 2016. <https://arxiv.org/abs/1604.08859>
/// - Gradient: reaches queries, labels and bias, through mean and deviation as well. With
///   qₚ = vₚ σ(a (b − zₚ)) / (B′ |Pᵢ|): ∂L/∂sᵢⱼ = (Σₚ qₚ (1 + zᵢⱼ zᵢₚ) / L − [j ∈ Pᵢ] qⱼ) / σᵢ.
/// - Units: standard deviations, the mean over a query's positives and then over queries.
/// - Departures: the paper has one positive a query, here it is the mean over all. Each step scores
///   all labels; `SphericalOutputLayer` makes the same step in a time that does not depend on L.
/// - Degenerate: a query without positives leaves the mean, and an empty mean is 0 with gradient 0.
///   A query whose scores are all equal has z = 0 and no gradient. A positive that is named twice
///   counts once, with its larger value; one of value 0 is not in |Pᵢ|. Scores of −∞ give NaN.
public struct ZLoss: Codable, Hashable, Sendable {
  /// What inner products are divided by, τ > 0; without a bias it changes nothing.
  public var temperature: Double
  /// a > 0: how sharply the loss turns around the target; 1, ours.
  public var sharpness: Double
  /// b: the standard deviations that a positive should stand out by; 10, ours.
  public var target: Double
  /// Labels that are scored at a time; nil, ours, is about a million scores.
  ///
  /// The result depends on it only by rounding.
  public var blockSize: Int?

  /// Makes the loss.
  public init(
    temperature: Double = 1, sharpness: Double = 1, target: Double = 10, blockSize: Int? = nil
  ) {
    self.temperature = temperature
    self.sharpness = sharpness
    self.target = target
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
  /// - Precondition: the shapes fit, dtypes and devices are equal, τ and a > 0.
  /// - Complexity: O(B · L · D) time; O(B · `blockSize` + B + positives) memory besides the
  ///   gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    beside: SparseLinearScores? = nil
  ) throws -> Tensor {
    precondition(sharpness > 0, "the sharpness \(sharpness) is not positive")
    return try streamed(
      queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
  }

  /// The loss of a score matrix as it is: τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - positives: B rows of columns below L.
  /// - Returns: a number.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, a > 0.
  /// - Complexity: O(B · L) time and memory.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    precondition(sharpness > 0, "the sharpness \(sharpness) is not positive")
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let mean = scores.mean(along: 1, keepingDimensions: true)
      let centred = scores - mean
      let variance = centred.squared().mean(along: 1)
      let isFlat = RunningMoments.isFlat(
        variance, mean: mean.squeezed(along: 1),
        rounding: scores.dtype == .float64 ? 1e-14 : 1e-6)
      // The root of 0 has no derivative; over 1 instead.
      let deviation = variance.replacing(where: isFlat, with: 1).squareRoot()
      let z = (centred.elements(at: cells.positions) / deviation.gathered(rows: cells.rows))
        .replacing(where: isFlat.gathered(rows: cells.rows), with: 0)
      let terms = ((z - target) * sharpness).logSigmoid()
      return -(terms * cells.weights.converted(to: scores.dtype)).sum() * (1 / sharpness)
    }
  }
}

/// Mean and sum of squared differences to it, merged block by block (Chan, Golub, LeVeque).
final class RunningMoments {
  fileprivate var count = 0.0
  fileprivate var mean: Tensor  // [B], float64
  fileprivate var squares: Tensor  // [B], float64

  fileprivate init(rows: Int, device: Device) {
    mean = .zeros([rows], dtype: .float64, device: device)
    squares = mean.copied()
  }

  fileprivate func add(_ block: Tensor) {
    let scores = block.converted(to: .float64)
    let added = Double(scores.size(along: 1))
    let ownMean = scores.mean(along: 1)
    let own = (scores - ownMean.expandingDimension(at: 1)).squared().sum(along: 1)
    let step = ownMean - mean
    let total = count + added
    squares = squares + own + step.squared() * (count * added / total)
    mean = mean + step * (added / total)
    count = total
  }

  fileprivate var variance: Tensor { squares * (1 / max(1, count)) }

  fileprivate var isFlat: Tensor { Self.isFlat(variance, mean: mean, rounding: 1e-14) }

  /// 1 where all scores of a row are equal.
  fileprivate var deviation: Tensor { variance.replacing(where: isFlat, with: 1).squareRoot() }

  /// Where what varies is the rounding of the mean only; not where something is not a number.
  static func isFlat(_ variance: Tensor, mean: Tensor, rounding: Double) -> Tensor {
    variance.isLess(than: mean.squared() * (rounding * rounding))
      .logicalOr(variance.isEqual(to: 0))
  }
}

extension ZLoss: StreamedLoss {
  static let name = "ZLoss"
  static let hidesPositives = false

  func makePass(positives: PositiveCells, like model: Tensor) -> RunningMoments {
    RunningMoments(rows: positives.counts.elementCount, device: model.device)
  }

  func add(_ scores: Tensor, to pass: RunningMoments) { pass.add(scores) }

  private func heights(_ pass: RunningMoments, _ positives: PositiveCells, _ scores: Tensor)
    -> Tensor
  {
    let rows = positives.rows
    return ((scores - pass.mean.gathered(rows: rows)) / pass.deviation.gathered(rows: rows))
      .replacing(where: pass.isFlat.gathered(rows: rows), with: 0)
  }

  func value(of pass: RunningMoments, positives: PositiveCells, scores: Tensor) -> Tensor {
    let z = heights(pass, positives, scores)
    let terms = ((z - target) * sharpness).logSigmoid() * positives.weights
    return -terms.sum() * (1 / sharpness)
  }

  func gradient(of pass: RunningMoments, positives: PositiveCells, scores: Tensor)
    -> ScoreGradient
  {
    let z = heights(pass, positives, scores)
    let pulls = ((target - z) * sharpness).sigmoid() * positives.weights
    let deviation = pass.deviation
    // ∂L/∂s = offset + slope · (s − μ), and −q / σ at positives.
    let share = (1 / deviation).replacing(where: pass.isFlat, with: 0)
    let offset = positives.sumsByRow(pulls) * share * (1 / max(1, pass.count))
    let slope = positives.sumsByRow(pulls * z) * share / deviation * (1 / max(1, pass.count))
    let mean = pass.mean
    let rows = positives.rows
    let common =
      offset.gathered(rows: rows)
      + slope.gathered(rows: rows) * (scores - mean.gathered(rows: rows))
    return ScoreGradient(atPositives: common - pulls * share.gathered(rows: rows)) {
      scores, result in
      let centred = scores.converted(to: .float64) - mean.expandingDimension(at: 1)
      result.copyInPlace(
        from: centred * slope.expandingDimension(at: 1) + offset.expandingDimension(at: 1))
    }
  }
}
