import Kernels
public import Torch

/// The contrastive loss of two views without the positive in the denominator.
///
/// With an easy positive, the usual denominator makes all gradients small; without the positive in
/// it, they do not depend on the number of negatives. With zᵢ the 2N rows of both views, each
/// scaled to unit length, and p(i) the row of the other view of row i:
///
///     sᵢₖ = zᵢ · zₖ / τ
///     L   = (1 / 2N) Σᵢ (−wᵢ sᵢ,ₚ₍ᵢ₎ + log Σ_{k ∉ {i, p(i)}} exp sᵢₖ)
///
/// wᵢ is 1. With the von Mises-Fisher weight, DCLW, hard positives count more:
///
///     wᵢ = 2 − N exp(zᵢ · zₚ₍ᵢ₎ / σ) / Σₖ exp(zₖ · zₚ₍ₖ₎ / σ)        k over the N examples
///
/// - Inputs: two views
/// - Paper: Yeh, Hong, Hsu, Liu, Chen, LeCun. Decoupled Contrastive Learning. ECCV 2022, the
///   losses L_DC and L_DCW. <https://arxiv.org/abs/2110.06848>
/// - Gradient: reaches both views. The weights are constants.
/// - Units: nats, averaged over the 2N anchors. It may be negative. If all rows are equal, it is
///   log(2N − 2).
/// - Departures: none from the equations. One public implementation lets the gradient through the
///   weights, another does not. One logarithm covers the negatives of both views; one
///   implementation had two until that bug was found.
/// - Degenerate: a single example has no negatives, so loss and gradient are 0.
public struct DCLLoss: Codable, Hashable, Sendable {
  /// The weighting of positive pairs.
  public enum Weighting: Codable, Hashable, Sendable {
    /// Equal weights, DCL.
    case equal
    /// DCLW: negative von Mises-Fisher weights with σ > 0; the paper uses 0.5.
    case vonMisesFisher(sigma: Double)
  }

  /// The temperature τ > 0 that divides cosines; default 0.1, from the paper.
  public var temperature: Double
  /// The weighting w of positive pairs.
  public var weighting: Weighting

  /// Creates the loss.
  public init(temperature: Double = 0.1, weighting: Weighting = .equal) {
    self.temperature = temperature
    self.weighting = weighting
  }

  /// The loss of two views.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i is the other view of the same example.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0, σ > 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Tensor {
    try perExample(first: first, second: second).mean()
  }

  /// The mean of the terms of each example's two rows, `[N]`, under the same preconditions.
  public func perExample(first: Tensor, second: Tensor) throws -> Tensor {
    checkViews([first, second])
    checkTemperature(temperature)
    let count = first.size(along: 0)
    guard count > 1 else { return try checked { ((first + second) * 0).sum(along: 1) } }
    let rows = try checked { Tensor.concatenated([first, second]).normalized() }
    let negatives = try RowLogSumExp(temperature: temperature)(
      queries: rows, keys: rows,
      hiding: .ownExample(rows: 2 * count, columns: 2 * count, examples: count))
    return try checked {
      let pairs = rows[0..<count].rowProducts(with: rows[count..<(2 * count)])
      return (negatives[0..<count] + negatives[count..<(2 * count)]) * 0.5
        - pairs * weights(of: pairs) * (1 / temperature)
    }
  }

  private func weights(of cosines: Tensor) -> Tensor {
    switch weighting {
    case .equal: return .ones(like: cosines)
    case .vonMisesFisher(let sigma):
      precondition(sigma > 0, "σ = \(sigma) is not positive")
      let shares = (cosines.detached() * (1 / sigma)).softmax(along: 0)
      return 2 - shares * Double(cosines.elementCount)
    }
  }
}
