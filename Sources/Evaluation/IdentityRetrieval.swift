public import Torch

/// Whether an identity is found again in a gallery: the measures of re-identification.
///
/// For query q, gallery entries of its identity from its own camera are left out, as they would be
/// found too easily. With rᵢ the rank of the i-th of its R remaining matches:
///
///     CMC(k) = (1 / Q) |{q : r₁(q) ≤ k}|
///     mAP    = (1 / Q) Σ_q (1 / R_q) Σᵢ i / rᵢ(q)
///
/// - Paper: Zheng, Shen, Tian, Wang, Wang, Tian. Scalable Person Re-identification: A Benchmark. ICCV
///   2015, section 3.3. <https://doi.org/10.1109/ICCV.2015.133>
/// - Units: shares, 0 to 1, means over the Q queries that have a match left.
/// - Departures: AP is the sum over matches, as in torchreid; the paper's own program takes the
///   trapezoids under the precision-recall curve. Equally alike entries stand in the order of their
///   rows.
/// - Degenerate: a query without a match leaves the means; a mean over no query is 0.
public struct IdentityRetrieval: Codable, Hashable, Sendable {
  /// Embeddings of pictures of identities.
  public struct Pictures: Sendable {
    /// `[N, D]`.
    public var embeddings: Tensor
    /// `[N]`, whom each shows.
    public var identities: [Int]
    /// `[N]`, which camera took it; nil where none is known, and nothing is left out.
    public var cameras: [Int]?

    /// Takes all three.
    public init(embeddings: Tensor, identities: [Int], cameras: [Int]? = nil) {
      self.embeddings = embeddings
      self.identities = identities
      self.cameras = cameras
    }
  }

  /// What came out.
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
  /// How alike embeddings are.
  public var similarity: VectorSimilarity

  /// Sets up the measures.
  public init(depth: Int = 50, similarity: VectorSimilarity = .cosine) {
    self.depth = depth
    self.similarity = similarity
  }

  /// Looks for the queries' identities in the gallery.
  ///
  /// - Throws: `InputError` for lists that do not fit, for embeddings that are not finite, or when
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
        throw InputError(
          file: "embeddings",
          reason: "\(pictures.identities.count) rows with \(cameras.count) cameras")
      }
    }
    try ClassIndex.check(gallery.embeddings, width: queries.embeddings.size(along: 1))
    guard (queries.cameras == nil) == (gallery.cameras == nil) else {
      throw InputError(
        file: "embeddings", reason: "cameras of one side only", expected: "both or neither")
    }
  }
}
