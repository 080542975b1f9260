public import Torch

/// The effective number of dimensions of embeddings; low if they have collapsed.
///
/// With σ the singular values of the matrix of embeddings:
///
///     p_k  = σ_k / Σ σ
///     rank = exp(−Σ_k p_k log p_k)
///
/// - Paper: Roy, Vetterli. The Effective Rank: A Measure of Effective Dimensionality. EUSIPCO 2007,
///   definition 1. <https://www.eurasip.org/Proceedings/Eusipco/Eusipco2007/Papers/a5p-h05.pdf>
///   Proposed for embeddings by Garrido, Balestriero, Najman, LeCun. RankMe. ICML 2023.
/// - Units: dimensions, 1 to min(N, D).
/// - Departures: none. RankMe adds 1e-7 to each p. The embeddings' mean is not subtracted: do so
///   first if a common direction should not count.
/// - Degenerate: no vectors, or only zeros, have rank 0.
public struct EffectiveRank: Codable, Hashable, Sendable {
  /// Creates the measure.
  public init() {}

  /// The rank of `vectors`, `[N, D]`.
  ///
  /// - Throws: `ValueError` for vectors that are not finite.
  /// - Complexity: O(N D min(N, D)).
  public func callAsFunction(of vectors: Tensor) throws -> Double {
    try ClassIndex.check(vectors, width: nil)
    guard vectors.elementCount > 0 else { return 0 }
    return withoutGradients {
      let sizes = Ops.singularValues(.tensor(vectors.converted(to: .float64)))
      let total = sizes.sum().scalar
      guard total > 0 else { return 0 }
      let shares = sizes / total
      // p log p is 0 at p = 0.
      let logarithms = shares.replacing(where: shares.isEqual(to: 0), with: 1).log()
      return (-(shares * logarithms).sum()).exp().scalar
    }
  }

  private enum Ops {
    static let singularValues = Op("aten::linalg_svdvals")
  }
}
