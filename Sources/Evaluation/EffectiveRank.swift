public import Torch

/// In how many dimensions embeddings really lie: low where they have collapsed.
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
/// - Departures: none. RankMe adds 1e-7 to each p. The embeddings' mean is not taken away: do so
///   first where a common direction should not count.
/// - Degenerate: nothing, or nothing but zeros, has rank 0.
public struct EffectiveRank: Codable, Hashable, Sendable {
  /// There is nothing to set.
  public init() {}

  /// The rank of `vectors`, `[N, D]`.
  ///
  /// - Throws: `InputError` for vectors that are not finite.
  /// - Complexity: O(N D min(N, D)).
  public func callAsFunction(of vectors: Tensor) throws -> Double {
    try ClassIndex.check(vectors, width: nil)
    guard vectors.elementCount > 0 else { return 0 }
    return withoutGradients {
      let sizes = Ops.singularValues(.tensor(vectors.converted(to: .float64)))
      let total = sizes.sum().scalar
      guard total > 0 else { return 0 }
      let shares = sizes / total
      // p log p is 0 at 0.
      let logarithms = shares.replacing(where: shares.isEqual(to: 0), with: 1).log()
      return (-(shares * logarithms).sum()).exp().scalar
    }
  }

  private enum Ops {
    static let singularValues = Op("aten::linalg_svdvals")
  }
}
