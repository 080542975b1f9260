import Storage
public import Torch

/// Whether identities are found in a gallery: the usual measures of re-identification.
///
/// For each query, gallery entries of the same identity and camera are excluded, because they are
/// too easy to find. With rᵢ the rank of the i-th of the R remaining matches:
///
///     CMC(k) = (1 / Q) |{q : r₁(q) ≤ k}|
///     mAP    = (1 / Q) Σ_q (1 / R_q) Σᵢ i / rᵢ(q)
///
/// - Paper: Zheng, Shen, Tian, Wang, Wang, Tian. Scalable Person Re-identification: A Benchmark.
///   ICCV 2015, section 3.3. <https://doi.org/10.1109/ICCV.2015.133>
/// - Units: fractions, 0 to 1, means over the Q queries that have a match left.
/// - Departures: AP is the sum over matches, as in torchreid; the paper's program sums trapezoids
///   under the precision-recall curve. Equally similar entries are ordered by row.
/// - Degenerate: a query without a match is excluded from the means; a mean over no queries is 0.
public struct IdentityRetrieval: Codable, Hashable, Sendable {
  /// Embeddings of pictures of identities.
  public struct Pictures: Sendable {
    /// `[N, D]`.
    public var embeddings: Tensor
    /// `[N]`, the identity that each shows.
    public var identities: [Int]
    /// `[N]`, the camera of each; nil if unknown, and nothing is excluded.
    public var cameras: [Int]?

    /// Creates a set of pictures.
    public init(embeddings: Tensor, identities: [Int], cameras: [Int]? = nil) {
      self.embeddings = embeddings
      self.identities = identities
      self.cameras = cameras
    }
  }

  /// The results.
  public struct Result: Codable, Hashable, Sendable {
    /// CMC(k) for k from 1 to the depth.
    public var cumulativeMatches: [Double]
    /// mAP.
    public var meanAveragePrecision = 0.0
    /// The number of queries with a match.
    public var queries = 0
    /// The number of queries without.
    public var queriesWithoutMatch = 0
  }

  /// The largest k of CMC(k); 50 is usual.
  public var depth: Int
  /// The similarity of embeddings.
  public var similarity: VectorSimilarity

  /// Creates the measures.
  public init(depth: Int = 50, similarity: VectorSimilarity = .cosine) {
    self.depth = depth
    self.similarity = similarity
  }

  /// Searches for the queries' identities in the gallery.
  ///
  /// - Throws: `ValueError` when lists differ in length, when embeddings are not finite, or when
  ///   only one side has cameras.
  /// - Precondition: the depth is at least 1.
  /// - Complexity: O(N M (D + log R)) time, O((N + M) D) memory.
  public func callAsFunction(queries: Pictures, gallery: Pictures) throws -> Result {
    precondition(depth >= 1, "a depth of \(depth)")
    try check(queries, gallery)
    var result = Result(cumulativeMatches: [Double](repeating: 0, count: depth))
    MatchRanks.forEach(
      queries: queries.embeddings, candidates: gallery.embeddings, similarity: similarity,
      role: { query, entry in
        guard queries.identities[query] == gallery.identities[entry] else { return .other }
        guard let own = queries.cameras, let others = gallery.cameras else { return .match }
        return own[query] == others[entry] ? .leftOut : .match
      }
    ) { ranks in
      guard let first = ranks.first else {
        result.queriesWithoutMatch += 1
        return
      }
      result.queries += 1
      if first <= depth { result.cumulativeMatches[first - 1] += 1 }
      let precisions = ranks.enumerated().map { Double($0.offset + 1) / Double($0.element) }
      result.meanAveragePrecision += precisions.reduce(0, +) / Double(ranks.count)
    }
    let count = Double(max(1, result.queries))
    var sum = 0.0
    for rank in result.cumulativeMatches.indices {
      sum += result.cumulativeMatches[rank]
      result.cumulativeMatches[rank] = sum / count
    }
    result.meanAveragePrecision /= count
    return result
  }

  private func check(_ queries: Pictures, _ gallery: Pictures) throws {
    for pictures in [queries, gallery] {
      _ = try ClassIndex(pictures.identities, of: pictures.embeddings)
      if let cameras = pictures.cameras, cameras.count != pictures.identities.count {
        throw ValueError(
          "embeddings",
          reason: "\(pictures.identities.count) rows with \(cameras.count) cameras")
      }
    }
    try ClassIndex.check(gallery.embeddings, width: queries.embeddings.size(along: 1))
    guard (queries.cameras == nil) == (gallery.cameras == nil) else {
      throw ValueError(
        "embeddings", reason: "cameras of one side only", expected: "both or neither")
    }
  }
}
