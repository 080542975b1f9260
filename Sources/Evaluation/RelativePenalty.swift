import Storage
public import Torch

/// How the contrastive loss distributes its repulsion over the negatives.
///
/// The gradient at a negative's similarity, divided by that at the positive's, is a Boltzmann
/// distribution over the negatives. With xᵢ the queries and yⱼ the keys, each scaled to unit
/// length:
///
///     rᵢⱼ = |∂L / ∂(xᵢ · yⱼ)| / |∂L / ∂(xᵢ · yᵢ)| = exp(xᵢ · yⱼ / τ) / Σ_{k ≠ i} exp(xᵢ · yₖ / τ)
///
/// - Paper: Wang, Liu. Understanding the Behaviour of Contrastive Loss. CVPR 2021, the
///   relative penalty on negative samples. <https://arxiv.org/abs/2012.09740>
/// - Units: fractions, each row sums to 1. The effective number of negatives ranges from 1, if the
///   hardest takes everything, to N − 1, if all are equal.
/// - Departures: none. The effective number, exp of a row's entropy, is our addition.
public struct RelativePenalty: Codable, Hashable, Sendable {
  /// The loss's temperature τ > 0.
  public var temperature: Double

  /// Creates the measure.
  public init(temperature: Double) { self.temperature = temperature }

  /// The fractions of each query's negatives.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - keys: `[N, D]`; key i is the positive of query i.
  /// - Returns: `[N, N]`, float64, 0 on the diagonal.
  /// - Throws: `ValueError` when the shapes differ or N < 2; `TorchError` when a libtorch operator
  ///   fails.
  /// - Precondition: τ > 0.
  /// - Complexity: O(N² · D) time, O(N²) memory.
  public func callAsFunction(queries: Tensor, keys: Tensor) throws -> Tensor {
    guard queries.shape == keys.shape, queries.dimensionCount == 2, queries.size(along: 0) > 1
    else {
      throw ValueError(
        "embeddings",
        reason: "queries of shape \(queries.shape) and keys of shape \(keys.shape)",
        expected: "[N, D] twice, N at least 2")
    }
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    return try checked {
      withoutGradients {
        let scores = unitRows(queries).matmul(unitRows(keys).transposed()) * (1 / temperature)
        let own = Tensor.identity(scores.size(along: 0), device: scores.device).isGreater(than: 0)
        return scores.replacing(where: own, with: -.infinity).softmax(along: 1)
      }
    }
  }

  /// The mean over queries of exp of the entropy of their negatives' fractions.
  public func effectiveNegatives(queries: Tensor, keys: Tensor) throws -> Double {
    let shares = try self(queries: queries, keys: keys)
    return try checked {
      let logarithms = shares.log().replacing(where: shares.isEqual(to: 0), with: 0)
      return (-(shares * logarithms).sum(along: 1)).exp().mean().scalar
    }
  }
}
