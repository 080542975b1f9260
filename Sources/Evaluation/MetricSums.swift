/// Running sums of the metrics that are means over rows.
struct MetricSums {
  private var sums: [(metric: RankingMetric, value: Double, best: Double)]
  private(set) var rows = 0

  init(metrics: [RankingMetric]) { sums = metrics.map { ($0, 0, 0) } }

  mutating func add(_ row: RankedRow) {
    rows += 1
    for index in sums.indices {
      guard let share = row.contribution(to: sums[index].metric) else { continue }
      sums[index].value += share.value
      sums[index].best += share.best
    }
  }

  func percentages() -> [RankingMetric: Double] {
    var result: [RankingMetric: Double] = [:]
    for (metric, value, best) in sums where !metric.isMacro {
      result[metric] = best > 0 ? 100 * value / best : 0
    }
    return result
  }
}

/// Counts per label, for the metrics that are means over labels.
struct MacroCounts {
  private let metrics: [RankingMetric]
  private let cutoffs: [Int]
  /// `[cutoffs][labels]`.
  private var predictions: [[Int32]]
  private var hits: [[Int32]]
  private var trueRows: [Int32]

  init(metrics: [RankingMetric], labelCount: Int) {
    self.metrics = metrics.filter(\.isMacro)
    cutoffs = Set(self.metrics.map(\.cutoff)).sorted()
    let zeros = [Int32](repeating: 0, count: cutoffs.isEmpty ? 0 : labelCount)
    predictions = cutoffs.map { _ in zeros }
    hits = predictions
    trueRows = zeros
  }

  mutating func add(_ row: RankedRow) {
    guard !cutoffs.isEmpty else { return }
    for label in row.truth { trueRows[Int(label)] += 1 }
    for (index, cutoff) in cutoffs.enumerated() {
      for place in row.predicted.prefix(while: { $0.rank < cutoff }) {
        predictions[index][Int(place.label)] += 1
      }
      for place in row.hits.prefix(while: { $0.rank < cutoff }) {
        hits[index][Int(place.label)] += 1
      }
    }
  }

  func percentages() -> [RankingMetric: Double] {
    var result: [RankingMetric: Double] = [:]
    for metric in metrics {
      guard let index = cutoffs.firstIndex(of: metric.cutoff) else { continue }
      var sum = 0.0
      var labels = 0.0
      for label in trueRows.indices where trueRows[label] > 0 {
        labels += 1
        let hit = Double(hits[index][label])
        let predicted = Double(predictions[index][label])
        let wanted = Double(trueRows[label])
        switch metric.kind {
        case .macroPrecision: sum += predicted > 0 ? hit / predicted : 0
        case .macroRecall: sum += hit / wanted
        default: sum += 2 * hit / (predicted + wanted)
        }
      }
      result[metric] = labels > 0 ? 100 * sum / labels : 0
    }
    return result
  }
}

/// Precision and recall of each group of labels.
struct DecileSums {
  private let metrics: [RankingMetric]
  private let decileOfLabel: [Int]
  /// `[metrics][deciles]`.
  private var sums: [[Double]]
  private var rowsWithTruth = [Int](repeating: 0, count: FrequencyDeciles.count)
  private var rows = 0

  init(metrics: [RankingMetric], deciles: FrequencyDeciles) {
    self.metrics = metrics.filter { $0.kind == .precision || $0.kind == .recall }
    decileOfLabel = deciles.decileOfLabel
    sums = self.metrics.map { _ in [Double](repeating: 0, count: FrequencyDeciles.count) }
  }

  mutating func add(_ row: RankedRow) {
    rows += 1
    var wanted = [Double](repeating: 0, count: FrequencyDeciles.count)
    for label in row.truth { wanted[decileOfLabel[Int(label)]] += 1 }
    for decile in wanted.indices where wanted[decile] > 0 { rowsWithTruth[decile] += 1 }
    for (index, metric) in metrics.enumerated() {
      for place in row.hits.prefix(while: { $0.rank < metric.cutoff }) {
        let decile = decileOfLabel[Int(place.label)]
        sums[index][decile] +=
          metric.kind == .recall ? 1 / wanted[decile] : 1 / Double(metric.cutoff)
      }
    }
  }

  func results(labelCounts: [Int]) -> [RankingResult.Decile] {
    var results = (0..<FrequencyDeciles.count).map { _ in
      RankingResult.Decile(labels: 0, positives: 0, values: [:])
    }
    for (label, decile) in decileOfLabel.enumerated() {
      results[decile].labels += 1
      results[decile].positives += labelCounts[label]
    }
    for (index, metric) in metrics.enumerated() {
      for decile in results.indices {
        let count = metric.kind == .recall ? rowsWithTruth[decile] : rows
        results[decile].values[metric] = count > 0 ? 100 * sums[index][decile] / Double(count) : 0
      }
    }
    return results
  }
}

extension RankingMetric {
  /// Whether the metric is a mean over labels.
  var isMacro: Bool {
    switch kind {
    case .macroPrecision, .macroRecall, .macroF1: true
    default: false
    }
  }
}
