public import Storage

/// The metrics of extreme classification, computed together in one pass over the predictions.
///
/// `RankingMetric.Kind` defines each. All values are percentages. A row without true labels says
/// nothing about a ranking and is excluded from every mean (pyxclib counts it as 0, so that its
/// numbers differ on sets with such rows); the result has their number. A mean over no rows is 0.
///
/// An entry of the truth counts as a true label whatever its value; a repeated label counts once,
/// both in the truth and in the predictions.
public struct RankingMetrics: Codable, Hashable, Sendable {
  /// The metrics to compute.
  public var metrics: [RankingMetric]
  /// The weights of rare labels in PSP and PSnDCG.
  public var propensity: InversePropensity

  /// The usual table: P, nDCG@5, PSP at 1, 3, 5 and recall at 10 and 100.
  public static let standardMetrics = [
    RankingMetric(.precision, at: 1), RankingMetric(.precision, at: 3),
    RankingMetric(.precision, at: 5), RankingMetric(.discountedGain, at: 5),
    RankingMetric(.scoredPrecision, at: 1), RankingMetric(.scoredPrecision, at: 3),
    RankingMetric(.scoredPrecision, at: 5), RankingMetric(.recall, at: 10),
    RankingMetric(.recall, at: 100),
  ]

  /// Creates a table of metrics with a propensity model.
  public init(
    metrics: [RankingMetric] = standardMetrics, propensity: InversePropensity = .standard
  ) {
    self.metrics = metrics
    self.propensity = propensity
  }

  /// The number of predictions per row that the metrics need.
  public var largestCutoff: Int { metrics.map(\.cutoff).max() ?? 1 }

  /// Compares predictions with the true labels.
  ///
  /// - Parameters:
  ///   - predictions: one ranking per row. Rows shorter than a cutoff are assumed to have no more
  ///     hits.
  ///   - truth: `[rows, labels]`, the true labels.
  ///   - labelCounts: `[labels]`, the number of *training* documents with each label.
  ///   - documentCount: the number of training documents.
  /// - Throws: `ValueError` when the numbers of rows or labels differ, when a predicted label does
  ///   not exist, or when `predictions.k` is smaller than a cutoff although there are more labels.
  /// - Complexity: O(rows · cutoff + entries) time, O(labels) memory.
  public func callAsFunction(
    _ predictions: TopK, truth: CSRMatrix, labelCounts: [Int], documentCount: Int
  ) throws -> RankingResult {
    try check(predictions, truth: truth, labelCounts: labelCounts)
    let weights = propensity.weights(labelCounts: labelCounts, documentCount: documentCount)
    let deciles = FrequencyDeciles(labelCounts: labelCounts)
    var row = RankedRow(depth: largestCutoff, weights: weights)
    var means = MetricSums(metrics: metrics)
    var macro = MacroCounts(metrics: metrics, labelCount: truth.columnCount)
    var groups = DecileSums(metrics: metrics, deciles: deciles)
    for index in 0..<predictions.rowCount {
      row.compare(predictions.labels(ofRow: index), with: truth.columns(ofRow: index))
      guard row.truth.count > 0 else { continue }
      means.add(row)
      macro.add(row)
      groups.add(row)
    }
    return RankingResult(
      values: means.percentages().merging(macro.percentages()) { first, _ in first },
      deciles: groups.results(labelCounts: labelCounts), rows: means.rows,
      rowsWithoutLabels: predictions.rowCount - means.rows)
  }

  private func check(_ predictions: TopK, truth: CSRMatrix, labelCounts: [Int]) throws {
    guard predictions.rowCount == truth.rowCount else {
      throw ValueError(
        "predictions", reason: "\(predictions.rowCount) rows of predictions",
        expected: "\(truth.rowCount), as in the truth")
    }
    guard labelCounts.count == truth.columnCount else {
      throw ValueError(
        "predictions", reason: "training counts of \(labelCounts.count) labels",
        expected: "\(truth.columnCount), as in the truth")
    }
    guard predictions.k >= min(largestCutoff, truth.columnCount) else {
      throw ValueError(
        "predictions", reason: "rows have only the best \(predictions.k) labels",
        expected: "\(largestCutoff), the largest cutoff")
    }
    for row in 0..<predictions.rowCount {
      for label in predictions.labels(ofRow: row)
      where label < 0 || Int(label) >= truth.columnCount {
        throw ValueError(
          "predictions", reason: "row \(row) predicts label \(label)",
          expected: "0 ..< \(truth.columnCount)")
      }
    }
  }
}
