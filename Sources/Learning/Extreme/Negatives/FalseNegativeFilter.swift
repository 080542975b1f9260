public import Storage
public import Torch

/// Excludes candidates that score so high that they are probably unlabelled positives.
///
/// A candidate n of a query is kept if its score does not exceed a threshold relative to the score
/// of a positive p:
///
///     s(n) ≤ α · s(p) + β
///
/// UniME uses α = 1 and β = 0.1 with cosines; NV-Retriever's TopK-PercPos is α = 0.95, β = 0, its
/// TopK-MarginPos α = 1, β = −0.05.
///
/// - Paper: Gu and others. Breaking the Modality Barrier: Universal Embedding Learning with
///   Multimodal LLMs. ACM MM 2025. <https://arxiv.org/abs/2504.17432>; Moreira and
///   others. NV-Retriever: Improving text embedding models with effective hard-negative mining.
///   2024. <https://arxiv.org/abs/2407.15831>
/// - Gradient: none; scores are only compared.
/// - Units: those of the scores. α ≠ 1 requires positive scores.
/// - Departures: a query may have several positives; `anchor` selects the one that sets the
///   threshold.
/// - Degenerate: a query without positives has no threshold and keeps all candidates.
public struct FalseNegativeFilter: Codable, Hashable, Sendable {
  /// The positive of a query that sets the threshold.
  public enum Anchor: String, Codable, Hashable, Sendable, CaseIterable {
    /// The lowest-scoring one: candidates above any positive are suspect.
    case lowest
    /// The highest-scoring one: candidates above all positives are suspect.
    case highest
  }

  /// The offset β added to the positive's score.
  public var margin: Double
  /// The factor α that multiplies the positive's score.
  public var share: Double
  /// The positive that sets the threshold.
  public var anchor: Anchor

  /// Creates a filter; the defaults of margin and share are UniME's.
  public init(margin: Double = 0.1, share: Double = 1, anchor: Anchor = .highest) {
    self.margin = margin
    self.share = share
    self.anchor = anchor
  }

  /// The threshold of each query.
  ///
  /// - Parameters:
  ///   - scores: the scores of the positives, one per entry of `positives`, in row order.
  ///   - positives: the positives of each query.
  /// - Returns: one threshold per row; +∞ for an empty row.
  /// - Precondition: as many scores as entries.
  public func lines(ofPositiveScores scores: [Double], _ positives: CSRMatrix) -> [Double] {
    precondition(scores.count == positives.entryCount, "\(scores.count) positive scores")
    return (0..<positives.rowCount).map { row in
      let own = scores[positives.entries(ofRow: row)]
      guard let found = anchor == .lowest ? own.min() : own.max() else { return .infinity }
      return share * found + margin
    }
  }

  /// The k hardest candidates of each query that are not positive and not above its threshold.
  ///
  /// - Parameters:
  ///   - k: the maximum number of candidates per query.
  ///   - scores: `[B, L]`, finite.
  ///   - positives: `[B, L]`.
  /// - Returns: `[B, L]`, each row's candidates hardest first with their scores as values; and the
  ///   number of candidates above their threshold.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, k ≥ 1.
  /// - Complexity: O(B · L) time and memory.
  public func hardest(_ k: Int, scores: Tensor, positives: CSRMatrix) throws -> (
    kept: CSRMatrix, removed: Int
  ) {
    let width = positives.columnCount
    precondition(
      scores.shape == [positives.rowCount, width], "scores of shape \(scores.shape)")
    precondition(k >= 1, "k is \(k)")
    return try checked {
      withoutGradients {
        let places = positives.places(ofColumns: 0..<width)
        let own = scores.elements(at: Tensor(places).moved(to: scores.device)).doubles()
        let lines = Tensor(
          lines(ofPositiveScores: own, positives), shape: [scores.size(along: 0), 1]
        )
        .converted(to: scores.dtype).moved(to: scores.device)
        var hidden = scores.copied()
        hidden.setElementsInPlace(
          at: Tensor(places).moved(to: scores.device), to: -.infinity)
        let above = hidden.isGreater(than: lines)
        hidden = hidden.replacing(where: above, with: -.infinity)
        let (values, labels) = hidden.largest(min(k, width), along: 1)
        return (
          CSRMatrix(scores: values, labels: labels, columnCount: width),
          above.sum().integer
        )
      }
    }
  }
}
