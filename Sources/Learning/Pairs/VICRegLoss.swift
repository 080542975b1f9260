public import Torch

/// Invariance between two views, a floor under the variance of every unit, and no covariance between
/// units.
///
/// The floor keeps embeddings from collapsing without negatives, the covariances keep units from
/// saying the same. With X and Y the two views, C their covariance matrices (divided by N − 1):
///
///     s    = (1 / N D) Σ (X − Y)²
///     v(X) = (1 / D) Σⱼ max(0, γ − √(Cⱼⱼ(X) + ε))
///     c(X) = (1 / D) Σ_{i ≠ j} Cᵢⱼ(X)²
///     L    = λ s + μ (v(X) + v(Y)) / 2 + ν (c(X) + c(Y))
///
/// - Paper: Bardes, Ponce, LeCun. VICReg: Variance-Invariance-Covariance Regularization for
///   Self-Supervised Learning. ICLR 2022, equations 1 to 6. <https://arxiv.org/abs/2105.04906>
/// - Gradient: reaches both views.
/// - Units: the sum of a squared distance a unit, a standard deviation and squared covariances. Where
///   all embeddings are one, it is μ (γ − √ε).
/// - Departures: the reductions are those of the authors' code. The paper does not divide s by D and
///   takes the sum of the two variance terms, twice their mean.
/// - Degenerate: fewer than two examples have the invariance alone, an empty batch 0.
public struct VICRegLoss: Codable, Hashable, Sendable {
  /// The weight λ of the distance between views; the paper has 25.
  public var invarianceWeight: Double
  /// The weight μ of the variance; the paper has 25.
  public var varianceWeight: Double
  /// The weight ν of the covariance; the paper has 1.
  public var covarianceWeight: Double
  /// The standard deviation γ that is asked for; the paper has 1.
  public var deviation: Double
  /// What is added to variances, ε; the paper has 1e-4.
  public var epsilon: Double

  /// Makes the loss.
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
  ///   - first: `[N, D]`, as they are.
  ///   - second: `[N, D]`; row i shows the same example.
  /// - Returns: a number; differentiable once where N ≥ D.
  /// - Throws: `TorchError` when libtorch refuses.
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
