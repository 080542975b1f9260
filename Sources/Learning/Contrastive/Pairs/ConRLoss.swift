import Kernels
public import Torch

/// A contrastive regulariser that separates examples whose targets differ but whose predictions do
/// not.
///
/// In imbalanced regression, examples with rare targets collapse into their frequent neighbours.
/// Rows are positives of each other if their targets are close, and negatives if only their
/// predictions are. With zᵢ the rows scaled to unit length, sᵢₖ = zᵢ · zₖ / τ, ω the width and wᵢ
/// the weight of a row:
///
///     P(i) = { k ≠ i : |tᵢ − tₖ| ≤ ω }
///     N(i) = { k : |tᵢ − tₖ| > ω and |pᵢ − pₖ| ≤ ω }
///     Zᵢ   = Σ_{k ∈ P(i)} exp sᵢₖ + Σ_{k ∈ N(i)} wᵢ exp(e |tᵢ − tₖ|) exp sᵢₖ
///     L    = (1 / N) Σᵢ wᵢ (log Zᵢ − (1 / |P(i)|) Σ_{k ∈ P(i)} sᵢₖ)        over rows with P and N
///
/// It is added to a regression loss; the paper uses a factor of 4 for ages.
///
/// - Inputs: numeric targets
/// - Paper: Keramati, Meng, Evans. ConR: Contrastive Regularizer for Deep Imbalanced Regression. ICLR
///   2024. <https://arxiv.org/abs/2309.06651>
/// - Gradient: reaches the embeddings. Predictions only select the negatives.
/// - Units: nats times weights, summed over rows that have both kinds, divided by the number of all
///   rows.
/// - Departures: the authors' code adds 1 to Z for every row that is not a positive, from exp of a
///   score masked with 0. Its logarithm is inside the mean over positives, as here.
/// - Degenerate: a row without positives or without negatives contributes 0, with gradient 0.
public struct ConRLoss: Codable, Hashable, Sendable {
  /// The maximum distance ω ≥ 0 of close targets or predictions, in their unit; default 1, which
  /// the authors use for ages in years.
  public var width: Double
  /// The temperature τ > 0 that divides cosines; default 0.07, from the authors' code.
  public var temperature: Double
  /// The growth e ≥ 0 of a negative's push per unit of target distance; default 0.01, from the
  /// authors' code.
  public var push: Double

  /// Creates the loss.
  public init(width: Double = 1, temperature: Double = 0.07, push: Double = 0.01) {
    self.width = width
    self.temperature = temperature
    self.push = push
  }

  /// The loss of a batch, ideally with two views of each example stacked.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - targets: `[N]`.
  ///   - predictions: `[N]`, constants.
  ///   - weights: `[N]`, positive, larger for rarer targets; nil means 1.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, N > 0, τ > 0, ω and e are non-negative.
  /// - Complexity: O(N² · D) time, O(N · D) memory and a block of a million pairs.
  public func callAsFunction(
    embeddings: Tensor, targets: Tensor, predictions: Tensor, weights: Tensor? = nil
  ) throws -> Tensor {
    checkTemperature(temperature)
    let count = embeddings.size(along: 0)
    precondition(
      embeddings.dimensionCount == 2 && count > 0
        && ([targets, predictions] + (weights.map { [$0] } ?? [])).allSatisfy {
          $0.shape == [count]
        },
      "embeddings of shape \(embeddings.shape), targets \(targets.shape), predictions "
        + "\(predictions.shape), weights \(weights?.shape ?? [])")
    precondition(width >= 0 && push >= 0, "a width of \(width) and a push of \(push)")
    let (rows, targets, predictions, weights) = try checked {
      (
        embeddings.normalized(), targets.detached().converted(to: .float64),
        predictions.detached().converted(to: .float64),
        weights?.detached().converted(to: embeddings.dtype)
          ?? .ones([count], dtype: embeddings.dtype, device: embeddings.device)
      )
    }
    return try RowBlocks().mean(rows: rows, columns: rows) { some, rows, range in
      func distances(_ numbers: Tensor) -> Tensor {
        (numbers[range].expandingDimension(at: 1) - numbers).magnitude()
      }
      let apart = distances(targets)
      let far = apart.isGreater(than: width)
      let places = Tensor.range(0..<count, device: rows.device)
      let own = places[range].expandingDimension(at: 1).isEqual(to: places)
      let positive = far.logicalOr(own).logicalNot()
      let negative = far.logicalAnd(distances(predictions).isGreater(than: width).logicalNot())
      let active = positive.anyInRow().logicalAnd(negative.anyInRow())

      let scores = (some * (1 / temperature)).matmul(rows.transposed())
      let pushes =
        (apart * push).converted(to: scores.dtype) + weights[range].log().expandingDimension(at: 1)
      // Rows that do not count keep all scores, so that the logarithm stays finite.
      let kept = positive.logicalOr(negative).logicalOr(
        active.logicalNot().expandingDimension(at: 1))
      let all = scores.replacing(where: negative, with: scores + pushes)
        .replacing(where: kept.logicalNot(), with: -.infinity).logSumExp(along: 1)
      let positives = positive.converted(to: scores.dtype)
      let means = (scores * positives).sum(along: 1) / positives.sum(along: 1).clamped(from: 1)
      let terms = (all - means) * weights[range] * active.converted(to: scores.dtype)
      return (
        terms.sum(), .full([], Double(range.count), dtype: scores.dtype, device: scores.device)
      )
    }
  }
}
