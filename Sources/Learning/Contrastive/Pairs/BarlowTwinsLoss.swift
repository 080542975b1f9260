import Kernels
public import Torch

/// The distance of the cross-correlation between two views of a batch from the identity.
///
/// Every dimension must agree between both views, and no two dimensions may be redundant. With zᵃ
/// and zᵇ the projections, each dimension standardised to mean 0 and variance 1 (with ε) over the
/// batch of its view:
///
///     Cᵢⱼ = (1 / N) Σₙ zᵃₙᵢ zᵇₙⱼ
///     L   = Σᵢ (1 − Cᵢᵢ)² + λ Σ_{i ≠ j} Cᵢⱼ²
///
/// - Inputs: two views
/// - Paper: Zbontar, Jing, Misra, LeCun, Deny. Barlow Twins: Self-Supervised Learning via Redundancy
///   Reduction. ICML 2021, equations 1 and 2. <https://arxiv.org/abs/2103.03230>
/// - Gradient: reaches both views, also through means and variances.
/// - Units: squared correlations, summed over dimensions: at most D for the first part, λ D (D − 1)
///   for the second. Constant projections give D.
/// - Departures: none. ε = 1e-5 under the square root is that of the batch normalisation in the
///   authors' code.
/// - Degenerate: an empty batch has loss 0, a single example loss D.
public struct BarlowTwinsLoss: Codable, Hashable, Sendable {
  /// The weight λ of correlations between different dimensions; default 0.0051, from the authors'
  /// code.
  public var redundancyWeight: Double
  /// The term ε added to variances; default 1e-5, from the authors' code.
  public var epsilon: Double

  /// Creates the loss.
  public init(redundancyWeight: Double = 0.0051, epsilon: Double = 1e-5) {
    self.redundancyWeight = redundancyWeight
    self.epsilon = epsilon
  }

  /// The loss of two views of a batch.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i is another view of the same example.
  /// - Returns: a scalar; differentiable once if N ≥ D.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes.
  /// - Complexity: O(N · D · min(N, D)) time, O(min(N, D)² + N · D) memory: the correlation matrix
  ///   is materialised only if D is the smaller one.
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
