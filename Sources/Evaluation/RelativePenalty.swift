public import Torch

/// How the contrastive loss shares its push among the negatives.
///
/// The gradient at a negative's similarity, over that at the positive's, is a Boltzmann distribution
/// over the negatives. With xᵢ the queries and yⱼ the keys, each scaled to unit length:
///
///     rᵢⱼ = |∂L / ∂(xᵢ · yⱼ)| / |∂L / ∂(xᵢ · yᵢ)| = exp(xᵢ · yⱼ / τ) / Σ_{k ≠ i} exp(xᵢ · yₖ / τ)
///
/// - Paper: Wang, Liu. Understanding the Behaviour of Contrastive Loss. CVPR 2021, the
///   relative penalty on negative samples. <https://arxiv.org/abs/2012.09740>
/// - Units: shares, each row adding up to 1. The effective number of negatives is from 1, where the
///   hardest takes all, to N − 1, where all share alike.
/// - Departures: none. The effective number, exp of a row's entropy, is ours.
public struct RelativePenalty: Codable, Hashable, Sendable {
  /// The τ > 0 of the loss.
  public var temperature: Double

  /// Sets the temperature.
  public init(temperature: Double) { self.temperature = temperature }

  /// The shares of the negatives of each query.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - keys: `[N, D]`; key i is the positive of query i.
  /// - Returns: `[N, N]`, float64, 0 on the diagonal.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes, N > 1, τ > 0.
  /// - Complexity: O(N² · D) time, O(N²) memory.
  public func callAsFunction(queries: Tensor, keys: Tensor) throws -> Tensor {
    precondition(
      queries.shape == keys.shape && queries.dimensionCount == 2 && queries.size(along: 0) > 1,
      "queries of shape \(queries.shape) and keys of shape \(keys.shape)")
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    return try checked {
      withoutGradients {
        let scores = unitRows(queries).matmul(unitRows(keys).transposed()) * (1 / temperature)
        let own = Tensor.identity(scores.size(along: 0), device: scores.device).isGreater(than: 0)
        return scores.replacing(where: own, with: -.infinity).softmax(along: 1)
      }
    }
  }

  /// The mean over queries of exp of the entropy of their negatives' shares.
  public func effectiveNegatives(queries: Tensor, keys: Tensor) throws -> Double {
    let shares = try self(queries: queries, keys: keys)
    return try checked {
      let logarithms = shares.log().replacing(where: shares.isEqual(to: 0), with: 0)
      return (-(shares * logarithms).sum(along: 1)).exp().mean().scalar
    }
  }
}
