import Torch

/// The ranks of a query's matches among candidates, the basis of all retrieval measures.
///
/// Candidates are ranked by (score descending, index ascending). Only the matches are sorted; the
/// others are counted, so that a query costs little more than one pass over its scores.
struct MatchRanks {
  /// The relation of a candidate to a query.
  enum Role {
    /// A relevant candidate.
    case match
    /// An irrelevant one.
    case other
    /// Excluded, such as the query itself.
    case leftOut
  }

  private var matches: [(score: Double, index: Int)] = []
  private var ahead: [Int] = []
  /// The ranks of the matches, counted from 1, ascending.
  private(set) var ranks: [Int] = []

  /// Ranks the candidates of one query.
  ///
  /// - Complexity: O(M log R) for M candidates and R matches.
  mutating func rank(_ scores: UnsafeBufferPointer<Double>, role: (Int) -> Role) {
    matches.removeAll(keepingCapacity: true)
    ranks.removeAll(keepingCapacity: true)
    for index in scores.indices where role(index) == .match {
      matches.append((scores[index], index))
    }
    guard !matches.isEmpty else { return }
    matches.sort { Self.isAhead($0, of: $1) }
    ahead = [Int](repeating: 0, count: matches.count)
    let last = matches[matches.count - 1]
    for index in scores.indices {
      let candidate = (score: scores[index], index: index)
      guard Self.isAhead(candidate, of: last), role(index) == .other else { continue }
      var (low, high) = (0, matches.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if Self.isAhead(candidate, of: matches[middle]) { high = middle } else { low = middle + 1 }
      }
      ahead[low] += 1
    }
    var others = 0
    for place in matches.indices {
      others += ahead[place]
      ranks.append(place + 1 + others)
    }
  }

  private static func isAhead(
    _ first: (score: Double, index: Int), of second: (score: Double, index: Int)
  ) -> Bool {
    first.score > second.score || (first.score == second.score && first.index < second.index)
  }

  /// Ranks the candidates of several queries and passes on the ranks.
  ///
  /// - Parameter role: the role of candidate `$1` for query `$0`.
  static func forEach(
    queries: Tensor, candidates: Tensor, similarity: VectorSimilarity,
    role: (Int, Int) -> Role, _ body: ([Int]) -> Void
  ) {
    withoutGradients {
      let (count, total) = (queries.size(along: 0), candidates.size(along: 0))
      let prepared = similarity.prepared(candidates)
      let blockSize = max(1, 4_000_000 / max(1, total))
      var ranking = MatchRanks()
      for start in stride(from: 0, to: count, by: blockSize) {
        let rows = start..<min(count, start + blockSize)
        let scores = similarity.ofPrepared(similarity.prepared(queries[rows]), prepared)
        scores.converted(to: .float64).contiguous().withUnsafeBytes { bytes in
          let values = bytes.bindMemory(to: Double.self)
          for row in rows {
            let own = values[((row - start) * total)..<((row - start + 1) * total)]
            ranking.rank(UnsafeBufferPointer(rebasing: own)) { role(row, $0) }
            body(ranking.ranks)
          }
        }
      }
    }
  }
}
