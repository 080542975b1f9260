public import Torch

/// The distance from the identity of the correlations between two views of a batch.
///
/// Every unit has to say the same of both views, and no two units the same. With zᵃ and zᵇ the
/// projections, each unit shifted to mean 0 and scaled to variance 1 (plus ε) over the batch of its
/// view:
///
///     Cᵢⱼ = (1 / N) Σₙ zᵃₙᵢ zᵇₙⱼ
///     L   = Σᵢ (1 − Cᵢᵢ)² + λ Σ_{i ≠ j} Cᵢⱼ²
///
/// - Paper: Zbontar, Jing, Misra, LeCun, Deny. Barlow Twins: Self-Supervised Learning via Redundancy
///   Reduction. ICML 2021, equations 1 and 2. <https://arxiv.org/abs/2103.03230>
/// - Gradient: reaches both views, through means and variances, too.
/// - Units: squared correlations, summed over units: D at most for the first part, λ D (D − 1) for the
///   second. Constant projections have D.
/// - Departures: none. ε = 1e-5 under the root is that of the batch normalisation in the authors'
///   code.
/// - Degenerate: an empty batch has loss 0, a single example D.
public struct BarlowTwinsLoss: Codable, Hashable, Sendable {
  /// The weight λ of the correlations between units; the authors' code has 0.0051.
  public var redundancyWeight: Double
  /// What is added to variances, ε; the authors' code has 1e-5.
  public var epsilon: Double

  /// Makes the loss.
  public init(redundancyWeight: Double = 0.0051, epsilon: Double = 1e-5) {
    self.redundancyWeight = redundancyWeight
    self.epsilon = epsilon
  }

  /// The loss of two views of a batch.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i shows the same example.
  /// - Returns: a number; differentiable once where N ≥ D.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes.
  /// - Complexity: O(N · D · min(N, D)) time, O(min(N, D)² + N · D) memory: the correlations
  ///   themselves are made only where D is the smaller one.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Tensor {
    precondition(
      first.dimensionCount == 2 && first.shape == second.shape,
      "views of shapes \(first.shape) and \(second.shape)")
    let count = Double(first.size(along: 0))
    if count == 0 { return (first.sum() + second.sum()) * 0 }
    return try checked {
      let correlations = try CrossProduct(first, second, epsilon: epsilon, scale: 1 / count)
      return (1 - correlations.diagonal).squared().sum() + correlations.others * redundancyWeight
    }
  }
}
