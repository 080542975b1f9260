public import Torch

/// Whether the nearest embeddings have the same class: the usual measures of metric learning.
///
/// For a query with R matches among the references, the i-th best of which has rank rᵢ:
///
///     R@k   = 1 if r₁ ≤ k, else 0
///     R-P   = |{i : rᵢ ≤ R}| / R
///     MAP@R = (1 / R) Σ_{rᵢ ≤ R} i / rᵢ
///     AP    = (1 / R) Σᵢ i / rᵢ
///
/// - Paper: Musgrave, Belongie, Lim. A Metric Learning Reality Check. ECCV 2020, section 3.2.
///   <https://arxiv.org/abs/2003.08505>
/// - Units: fractions, 0 to 1, means over the queries that have a match.
/// - Departures: none. Equally similar references are ordered by row.
/// - Degenerate: a query without a match is excluded from the means and counted in the result. A
///   mean over no queries is 0.
public struct EmbeddingRetrieval: Codable, Hashable, Sendable {
  /// The results, means over queries.
  public struct Result: Codable, Hashable, Sendable {
    /// R@k for each of the cutoffs.
    public var recall: [Double]
    /// R-precision.
    public var rPrecision = 0.0
    /// MAP@R.
    public var meanAveragePrecisionAtR = 0.0
    /// The mean of AP over the whole ranking.
    public var meanAveragePrecision = 0.0
    /// The number of queries with a match.
    public var queries = 0
    /// The number of queries without.
    public var queriesWithoutMatch = 0
  }

  /// The k of R@k; 1, 2, 4 and 8 are usual for birds and cars.
  public var cutoffs: [Int]
  /// The similarity of embeddings.
  public var similarity: VectorSimilarity

  /// Creates the measures.
  public init(cutoffs: [Int] = [1, 2, 4, 8], similarity: VectorSimilarity = .cosine) {
    self.cutoffs = cutoffs
    self.similarity = similarity
  }

  /// Searches for the class of each embedding among all others.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: `[N]`.
  /// - Throws: `ValueError` when lists differ in length or embeddings are not finite.
  /// - Complexity: O(N² (D + log R)) time, O(N D) memory.
  public func callAsFunction(_ embeddings: Tensor, classes: [Int]) throws -> Result {
    _ = try ClassIndex(classes, of: embeddings)
    return measure(queries: embeddings, references: embeddings) { query, reference in
      if query == reference { return .leftOut }
      return classes[query] == classes[reference] ? .match : .other
    }
  }

  /// Searches for the class of each query among the references.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`, with `classes`, `[N]`.
  ///   - references: `[M, D]`, with `referenceClasses`, `[M]`.
  /// - Throws: `ValueError` when lists differ in length or embeddings are not finite.
  /// - Complexity: O(N M (D + log R)) time, O((N + M) D) memory.
  public func callAsFunction(
    queries: Tensor, classes: [Int], references: Tensor, referenceClasses: [Int]
  ) throws -> Result {
    _ = try ClassIndex(classes, of: queries)
    _ = try ClassIndex(referenceClasses, of: references)
    try ClassIndex.check(references, width: queries.size(along: 1))
    return measure(queries: queries, references: references) {
      classes[$0] == referenceClasses[$1] ? .match : .other
    }
  }

  private func measure(
    queries: Tensor, references: Tensor, role: (Int, Int) -> MatchRanks.Role
  ) -> Result {
    var result = Result(recall: cutoffs.map { _ in 0 })
    MatchRanks.forEach(
      queries: queries, candidates: references, similarity: similarity, role: role
    ) { ranks in
      guard let first = ranks.first else {
        result.queriesWithoutMatch += 1
        return
      }
      result.queries += 1
      for (index, cutoff) in cutoffs.enumerated() where first <= cutoff {
        result.recall[index] += 1
      }
      let matches = Double(ranks.count)
      var (near, atR, all) = (0.0, 0.0, 0.0)
      for (place, rank) in ranks.enumerated() {
        let precision = Double(place + 1) / Double(rank)
        all += precision
        if rank <= ranks.count {
          near += 1
          atR += precision
        }
      }
      result.rPrecision += near / matches
      result.meanAveragePrecisionAtR += atR / matches
      result.meanAveragePrecision += all / matches
    }
    let count = Double(max(1, result.queries))
    result.recall = result.recall.map { $0 / count }
    result.rPrecision /= count
    result.meanAveragePrecisionAtR /= count
    result.meanAveragePrecision /= count
    return result
  }
}
