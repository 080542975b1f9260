import Kernels
public import Torch

/// Invariance between two views, a lower bound on the variance of every dimension, and no
/// covariance between dimensions.
///
/// The variance term prevents collapse without negatives; the covariance term prevents redundant
/// dimensions. With X and Y the two views, C their covariance matrices (divided by N − 1):
///
///     s    = (1 / N D) Σ (X − Y)²
///     v(X) = (1 / D) Σⱼ max(0, γ − √(Cⱼⱼ(X) + ε))
///     c(X) = (1 / D) Σ_{i ≠ j} Cᵢⱼ(X)²
///     L    = λ s + μ (v(X) + v(Y)) / 2 + ν (c(X) + c(Y))
///
/// - Inputs: two views
/// - Paper: Bardes, Ponce, LeCun. VICReg: Variance-Invariance-Covariance Regularization for
///   Self-Supervised Learning. ICLR 2022, equations 1 to 6. <https://arxiv.org/abs/2105.04906>
/// - Gradient: reaches both views.
/// - Units: the sum of a squared distance per dimension, a standard deviation and squared
///   covariances. If all embeddings are equal, it is μ (γ − √ε).
/// - Departures: the reductions follow the authors' code. The paper does not divide s by D and sums
///   the two variance terms, which gives twice their mean.
/// - Degenerate: with fewer than two examples only the invariance term remains; an empty batch has
///   loss 0.
public struct VICRegLoss: Codable, Hashable, Sendable {
  /// The weight λ of the distance between views; default 25, from the paper.
  public var invarianceWeight: Double
  /// The weight μ of the variance; default 25, from the paper.
  public var varianceWeight: Double
  /// The weight ν of the covariance; default 1, from the paper.
  public var covarianceWeight: Double
  /// The target standard deviation γ; default 1, from the paper.
  public var deviation: Double
  /// The term ε added to variances; default 1e-4, from the paper.
  public var epsilon: Double

  /// Creates the loss.
  public init(
    invarianceWeight: Double = 25, varianceWeight: Double = 25, covarianceWeight: Double = 1,
    deviation: Double = 1, epsilon: Double = 1e-4
  ) {
    self.invarianceWeight = invarianceWeight
    self.varianceWeight = varianceWeight
    self.covarianceWeight = covarianceWeight
    self.deviation = deviation
    self.epsilon = epsilon
  }

  /// The loss of two views of a batch.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`, not normalised here.
  ///   - second: `[N, D]`; row i is another view of the same example.
  /// - Returns: a scalar; differentiable once if N ≥ D.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes.
  /// - Complexity: O(N · D · min(N, D)) time, O(min(N, D)² + N · D) memory.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Tensor {
    precondition(
      first.dimensionCount == 2 && first.shape == second.shape,
      "views of shapes \(first.shape) and \(second.shape)")
    let count = first.size(along: 0)
    if count == 0 { return (first.sum() + second.sum()) * 0 }
    return try checked {
      let invariance = first.meanSquaredDifference(from: second) * invarianceWeight
      if count < 2 { return invariance }
      return try invariance + spread(first) + spread(second)
    }
  }

  private func spread(_ view: Tensor) throws -> Tensor {
    let scale = 1 / Double(view.size(along: 0) - 1)
    let covariances = try CrossProduct(of: view, scale: scale)
    let low = (deviation - (covariances.diagonal + epsilon).squareRoot()).relu().mean()
    return low * (varianceWeight / 2)
      + covariances.others * (covarianceWeight / Double(view.size(along: 1)))
  }
}
