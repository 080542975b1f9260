public import Torch

/// How close queries are to embeddings seen in training: the part of the embedding space needed
/// later that training has explored.
///
/// With Q the queries, of classes unseen in training, and X the trained embeddings, mixtures
/// included:
///
///     u(Q, X) = (1 / |Q|) Σ_{q ∈ Q} min_{x ∈ X} ‖q − x‖²
///
/// - Paper: Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos, Avrithis. It Takes Two to Tango:
///   Mixup for Deep Metric Learning. ICLR 2022, "utilization". <https://arxiv.org/abs/2106.04990>
/// - Units: a squared distance, averaged over queries; low if the space is well used, 0 if every
///   query was trained on. Embeddings are not normalised: 0 to 4 for unit vectors.
/// - Departures: none.
/// - Degenerate: without queries it is 0, without trained embeddings infinite.
public struct Utilization: Codable, Hashable, Sendable {
  /// Creates the measure, which has no settings.
  public init() {}

  /// The utilisation of `trained` by `queries`.
  ///
  /// - Parameters:
  ///   - queries: `[Q, D]`.
  ///   - trained: `[X, D]`.
  /// - Complexity: O(Q · X · D) time, O(block · X + Q) memory.
  public func callAsFunction(queries: Tensor, trained: Tensor) -> Double {
    let count = queries.size(along: 0)
    let others = trained.size(along: 0)
    if count == 0 { return 0 }
    if others == 0 { return .infinity }
    return withoutGradients {
      let size = max(1, (1 << 20) / others)
      let known = trained.converted(to: .float64)
      let parts = stride(from: 0, to: count, by: size).map { start in
        queries[start..<min(start + size, count)].converted(to: .float64)
          .distances(to: known).minimum(along: 1).squared().sum().scalar
      }
      return parts.reduce(0, +) / Double(count)
    }
  }
}
