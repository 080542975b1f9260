public import Torch

/// The cross-entropy, weighted by the variance of an example's features.
///
/// With vᵢ the variance of all features of example i, m the smallest variance seen so far, and the
/// extremes of the batch:
///
///     uᵢ = (vᵢ − m) / (max v − min v)
///     L  = (1 / N) Σᵢ −(exp(α uᵢ) − β) log p_y
///
/// Examples whose features vary little teach little, and get less weight.
///
/// - Inputs: class scores
/// - Paper: Abrahamyan, Ziatchin, Chen, Deligiannis. Bias Loss for Mobile Neural Networks. ICCV 2021.
///   <https://arxiv.org/abs/2107.11170>
/// - Gradient: reaches the scores; weights are constants.
/// - Units: nats times weights of 1 − β and more, averaged over examples.
/// - Departures: none from the authors' code.
/// - Degenerate: if all variances of a batch are equal, uᵢ is 0; the authors' code divides by 0.
public struct BiasLoss: Codable, Hashable, Sendable {
  /// α; default 0.3, the paper's.
  public var scale: Double
  /// β; default 0.3, the paper's.
  public var offset: Double

  /// Creates the loss.
  public init(scale: Double = 0.3, offset: Double = 0.3) {
    self.scale = scale
    self.offset = offset
  }

  /// The loss of a batch, a scalar.
  ///
  /// - Parameters:
  ///   - features: the output of the last convolution, `[N, …]`, two or more numbers each.
  ///   - scores: the class scores (logits), `[N, C]`.
  ///   - classes: the class of each example, 0 ..< C.
  ///   - smallest: m, infinite before the first batch; it takes in the batch. Infinite each time gives
  ///     the authors' local variant.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: features and a class per row of the scores, N > 0.
  public func callAsFunction(
    features: Tensor, scores: Tensor, classes: [Int], smallest: inout Double
  ) throws -> Tensor {
    let given = ClassScores(scores, classes: classes)
    precondition(
      features.dimensionCount > 1 && features.size(along: 0) == classes.count
        && features.shape.reduce(1, *) > classes.count,
      "features of shape \(features.shape) with \(classes.count) classes")
    let lowest = smallest
    let (value, least) = try checked {
      let variances = features.detached().reshaped([classes.count, -1]).variance(along: 1)
      let least = variances.minimum().scalar
      let range = variances.maximum().scalar - least
      let floor = min(lowest, least)
      let shares = (variances - floor) * (range > 0 ? 1 / range : 0)
      let weights = ((shares * scale).exp() - offset).converted(to: scores.dtype)
      return (-(weights * given.ownLogProbabilities).mean(), floor)
    }
    smallest = least
    return value
  }
}
