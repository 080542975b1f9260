public import Torch

/// Leaves out candidates that score so high that they are probably positives nobody has labelled.
///
/// A candidate n of a query is kept where its score does not exceed a line that is drawn relative
/// to the score of a positive p:
///
///     s(n) ≤ α · s(p) + β
///
/// UniME has α = 1 and β = 0.1 on cosines; NV-Retriever's TopK-PercPos is α = 0.95, β = 0, its
/// TopK-MarginPos α = 1 with β = −0.05.
///
/// - Paper: Gu and others. Breaking the Modality Barrier: Universal Embedding Learning with
///   Multimodal LLMs. ACM MM 2025. <https://arxiv.org/abs/2504.17432>; Moreira and
///   others. NV-Retriever: Improving text embedding models with effective hard-negative mining.
///   2024. <https://arxiv.org/abs/2407.15831>
/// - Gradient: none; scores are compared, not changed.
/// - Units: those of the scores. α other than 1 needs scores above 0.
/// - Departures: a query may have several positives; `anchor` says which one draws the line.
/// - Degenerate: a query without positives has no line and keeps all.
public struct FalseNegativeFilter: Codable, Hashable, Sendable {
  /// Which positive of a query draws the line.
  public enum Anchor: String, Codable, Hashable, Sendable, CaseIterable {
    /// The one that scores lowest: candidates above any positive are suspect.
    case lowest
    /// The one that scores highest: candidates above all positives are suspect.
    case highest
  }

  /// What is added to the positive's score, β.
  public var margin: Double
  /// What the positive's score is multiplied by, α.
  public var share: Double
  /// Which positive draws the line.
  public var anchor: Anchor

  /// Draws a line; the defaults of margin and share are UniME's.
  public init(margin: Double = 0.1, share: Double = 1, anchor: Anchor = .highest) {
    self.margin = margin
    self.share = share
    self.anchor = anchor
  }

  /// The line of each query.
  ///
  /// - Parameters:
  ///   - scores: the scores of the positives, one an entry of `positives`, row after row.
  ///   - positives: which entries belong to which query.
  /// - Returns: one number a row; +∞ where a row is empty.
  /// - Precondition: as many scores as entries.
  public func lines(ofPositiveScores scores: [Double], _ positives: CSRMatrix) -> [Double] {
    precondition(scores.count == positives.entryCount, "\(scores.count) scores of positives")
    return (0..<positives.rowCount).map { row in
      let own = scores[positives.entries(ofRow: row)]
      guard let found = anchor == .lowest ? own.min() : own.max() else { return .infinity }
      return share * found + margin
    }
  }

  /// The k hardest candidates of each query that are neither positive nor above its line.
  ///
  /// - Parameters:
  ///   - k: how many a query gets, at most.
  ///   - scores: `[B, L]`, finite.
  ///   - positives: `[B, L]`.
  /// - Returns: `[B, L]`, a row's candidates hardest first with their scores as values; and how many
  ///   candidates were above their line.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, k ≥ 1.
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
