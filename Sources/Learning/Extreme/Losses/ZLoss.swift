import Kernels
public import Storage
public import Torch

/// The distance of each positive from the mean score of its query, in standard deviations of the
/// scores.
///
/// Adding a number to all scores of a query or multiplying them by a positive one does not change it:
/// only the order and the relative distances count. With sᵢⱼ the score of query i and label j, Pᵢ the
/// positives of i and B′ the number of queries that have any:
///
///     sᵢⱼ = xᵢ · yⱼ / τ + bⱼ
///     zᵢⱼ = (sᵢⱼ − μᵢ) / σᵢ     with the mean and the standard deviation over all labels
///     L   = (1 / B′) Σᵢ (1 / |Pᵢ|) Σ_{p ∈ Pᵢ} (vᵢₚ / a) log(1 + exp a (b − zᵢₚ))
///
/// where vᵢₚ is 1, or the value of `positives`: the relevance of p to i.
///
/// - Inputs: label sets
/// - Paper: de Brébisson, Vincent. The Z-loss: a shift and scale invariant classification loss
///   belonging to the Spherical Family. 2016. <https://arxiv.org/abs/1604.08859>
/// - Gradient: reaches queries, labels and bias, including through mean and deviation. With
///   qₚ = vₚ σ(a (b − zₚ)) / (B′ |Pᵢ|): ∂L/∂sᵢⱼ = (Σₚ qₚ (1 + zᵢⱼ zᵢₚ) / L − [j ∈ Pᵢ] qⱼ) / σᵢ.
/// - Units: standard deviations, the mean over a query's positives and then over queries.
/// - Departures: the paper has one positive per query; here the loss is the mean over all. Each step scores
///   all labels; `SphericalOutputLayer` takes the same step in time independent of L.
/// - Degenerate: a query without positives is left out of the mean; an empty mean is 0 with gradient 0.
///   A query whose scores are all equal has z = 0 and no gradient. A positive listed twice
///   counts once, with its larger value; one of value 0 is not in |Pᵢ|. Scores of −∞ give NaN.
public struct ZLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0; inner products are divided by it.
  ///
  /// It has no effect without a bias.
  public var temperature: Double
  /// The sharpness a > 0 of the loss around the target; 1, ours.
  public var sharpness: Double
  /// The target distance b, in standard deviations; 10, ours.
  public var target: Double
  /// The number of labels per block; nil, our default, means about a million scores.
  ///
  /// It affects the result only by rounding.
  public var blockSize: Int?

  /// Creates the loss.
  public init(
    temperature: Double = 1, sharpness: Double = 1, target: Double = 10, blockSize: Int? = nil
  ) {
    self.temperature = temperature
    self.sharpness = sharpness
    self.target = target
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
  /// - Precondition: the shapes match, dtypes and devices are equal, τ and a > 0.
  /// - Complexity: O(B · L · D) time; O(B · `blockSize` + B + positives) memory in addition to
  ///   the gradients.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    offset: SparseLinearScores? = nil
  ) throws -> Tensor {
    precondition(sharpness > 0, "the sharpness \(sharpness) is not positive")
    return try streamed(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
  }

  /// The loss of a score matrix; τ is not applied.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`.
  ///   - positives: B rows of columns below L.
  /// - Returns: a number.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, a > 0.
  /// - Complexity: O(B · L) time and memory.
  public func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    precondition(sharpness > 0, "the sharpness \(sharpness) is not positive")
    return try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let mean = scores.mean(along: 1, keepingDimensions: true)
      let centered = scores - mean
      let variance = centered.squared().mean(along: 1)
      let moments = RowMoments(
        mean: mean.squeezed(along: 1), variance: variance,
        rounding: scores.dtype == .float64 ? 1e-14 : 1e-6)
      let heights =
        centered.elements(at: cells.positions) / moments.deviation.gathered(rows: cells.rows)
      let z = heights.replacing(where: moments.isFlat.gathered(rows: cells.rows), with: 0)
      let terms = ((z - target) * sharpness).logSigmoid()
      return -(terms * cells.weights.converted(to: scores.dtype)).sum() * (1 / sharpness)
    }
  }
}

extension ZLoss: StreamedLoss {
  var sums: LabelSums { .all(.moments) }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    terms(sums, positives, positiveScores).value
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    let terms = terms(sums, positives, positiveScores)
    let rows = positives.rows
    let common =
      terms.offset.gathered(rows: rows) + terms.scale.gathered(rows: rows) * terms.centered
    return LossGradient(
      atPositives: common - terms.pulls,
      elsewhere: .lines(center: sums.moments.mean, scale: terms.scale, offset: terms.offset))
  }

  private func terms(_ sums: RowSums, _ positives: PositiveCells, _ scores: Tensor) -> ZTerms {
    let moments = sums.moments
    return ZTerms(
      self, centered: scores - moments.mean.gathered(rows: positives.rows), moments, positives,
      labelCount: sums.labelCount)
  }
}

/// The terms of a `ZLoss` and of its gradient: ∂L/∂s is `scale` (s − μ) + `offset` at every label,
/// minus `pulls` at the positives.
struct ZTerms {
  let value: Tensor
  let scale: Tensor  // [B]
  let offset: Tensor  // [B]
  let pulls: Tensor  // [E]
  let centered: Tensor  // [E]

  /// - Parameter centered: s − μ at the positives.
  init(
    _ loss: ZLoss, centered: Tensor, _ moments: RowMoments, _ positives: PositiveCells,
    labelCount: Int
  ) {
    let rows = positives.rows
    let z = (centered / moments.deviation.gathered(rows: rows))
      .replacing(where: moments.isFlat.gathered(rows: rows), with: 0)
    let terms = ((z - loss.target) * loss.sharpness).logSigmoid() * positives.weights
    value = -terms.sum() * (1 / loss.sharpness)
    let misses = ((loss.target - z) * loss.sharpness).sigmoid() * positives.weights
    let share = (1 / moments.deviation).replacing(where: moments.isFlat, with: 0)
    let perLabel = 1 / Double(max(1, labelCount))
    offset = positives.sumsByRow(misses) * share * perLabel
    scale = positives.sumsByRow(misses * z) * share / moments.deviation * perLabel
    pulls = misses * share.gathered(rows: rows)
    self.centered = centered
  }
}
