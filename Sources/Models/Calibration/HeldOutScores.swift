package import Evaluation
package import Storage

/// The best labels of documents, by models that were trained without these documents.
package struct HeldOutScores {
  /// `[documents, 100]`; the best labels of each document.
  package var ranking: TopK
  /// `[documents, labels]`; the true labels.
  package var truth: CSRMatrix
  /// Whether the model of each document knows any of its features.
  package var isKnown: [Bool]
  /// The number of documents that each model was trained on; nil if the run's own model made the
  /// scores.
  package var learntDocuments: Int?

  /// Creates scores.
  ///
  /// - Precondition: all have the same number of documents.
  package init(
    _ ranking: TopK, truth: CSRMatrix, isKnown: [Bool], learntDocuments: Int? = nil
  ) {
    precondition(
      ranking.rowCount == truth.rowCount && truth.rowCount == isKnown.count,
      "scores of \(ranking.rowCount) documents, labels of \(truth.rowCount)")
    self.ranking = ranking
    self.truth = truth
    self.isKnown = isKnown
    self.learntDocuments = learntDocuments
  }

  /// The documents with known features: a text in which the model recognises nothing gets no
  /// probability, so it must not influence a fit.
  ///
  /// - Parameter count: the number of labels to keep, the first ones.
  func known(labels count: Int) throws -> HeldOutScores {
    let rows = isKnown.indices.filter { isKnown[$0] }
    var kept = TopK(k: ranking.k)
    for row in rows {
      let pairs = zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)).filter {
        $0.0 < count
      }
      try kept.append(labels: pairs.map(\.0), scores: pairs.map(\.1))
    }
    return HeldOutScores(
      kept, truth: truth.selecting(rows: rows), isKnown: rows.map { _ in true },
      learntDocuments: learntDocuments)
  }
}
