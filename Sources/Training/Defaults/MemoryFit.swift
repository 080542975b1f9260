import Evaluation
import Models
import Storage

/// Tries settings of a `DocumentMemory` on held-out documents.
///
/// The settings are few, so that the choice is not that of chance. Only the first ranks count: they
/// consist of labels that rank high without memory and of those of the neighbours.
struct MemoryFit {
  /// The memory of the training documents.
  var memory: DocumentMemory
  /// `[N, M]`; the neighbours of the held-out documents.
  var neighbours: TopK
  /// The best labels of each document without memory.
  var ranking: TopK
  /// `[N, L]`; the labels of each document's neighbours.
  var candidates: CSRMatrix
  /// The score of each candidate without memory.
  var candidateScores: [Float]
  /// `[N, L]`; the true labels.
  var truth: CSRMatrix
  /// `[N, L]`; labels left out of the rankings.
  var excluded: CSRMatrix?

  /// The settings to choose from.
  static let settings = [
    DocumentMemoryConfiguration(), DocumentMemoryConfiguration(weight: 0.5),
    DocumentMemoryConfiguration(temperature: 0.02, weight: 0.5),
  ]
  /// The gain from which a memory is kept.
  ///
  /// It has to be twice as large where prediction would compare each text with many documents.
  static func margin(documents: Int) -> Double { documents < 10_000 ? 0.5 : 1 }
  /// The documents from which a pilot runs for a memory alone; those of fewer judge too little.
  static let leastDocuments = 3000
  /// The most documents to judge by.
  static let judgedCount = 1000

  private static let depth = 5
  private static let metrics = [
    RankingMetric(.precision, at: 1), RankingMetric(.discountedGain, at: depth),
  ]

  /// One held-out document.
  private struct Document {
    /// The best labels that no neighbour has, best first.
    var others: [(score: Float, label: Int32)] = []
    /// The labels of the neighbours.
    var labels: [Int32] = []
    var scores: [Float] = []
  }

  /// The labels of the neighbours, `[N, L]`.
  static func candidates(_ memory: DocumentMemory, _ neighbours: TopK) -> CSRMatrix {
    CSRMatrix(
      rows: (0..<neighbours.rowCount).map { row in
        var labels = neighbours.labels(ofRow: row).flatMap {
          memory.labels.columns(ofRow: Int($0)).map(Int.init)
        }
        labels.sort()
        return labels.indices.filter { $0 == 0 || labels[$0] != labels[$0 - 1] }.map { labels[$0] }
      }, columnCount: memory.labels.columnCount)
  }

  /// How much each of `settings` adds to the mean of P@1 and nDCG@5, in percent.
  func gains() throws -> [Double] {
    let documents = (0..<ranking.rowCount).map(document)
    let without = try score(documents, shares: nil, weight: 0)
    var known: (temperature: Double, shares: [[Double]])?
    return try Self.settings.map { setting in
      if known?.temperature != setting.temperature {
        let shares = documents.enumerated().map { row, document in
          let all = memory.shares(
            of: (neighbours.labels(ofRow: row), neighbours.scores(ofRow: row)),
            temperature: setting.temperature)
          return document.labels.map { all[$0] ?? 0 }
        }
        known = (setting.temperature, shares)
      }
      return try score(documents, shares: known?.shares, weight: setting.weight) - without
    }
  }

  private func document(_ row: Int) -> Document {
    let hidden = Set(excluded?.columns(ofRow: row) ?? MappedArray([]))
    var result = Document()
    for entry in candidates.entries(ofRow: row) where !hidden.contains(candidates.columns[entry]) {
      result.labels.append(candidates.columns[entry])
      result.scores.append(candidateScores[entry])
    }
    let own = Set(result.labels)
    for (label, score) in zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row))
    where result.others.count < Self.depth && !own.contains(label) && !hidden.contains(label) {
      result.others.append((score, label))
    }
    return result
  }

  private func score(_ documents: [Document], shares: [[Double]]?, weight: Double) throws -> Double
  {
    var result = TopK(k: Self.depth)
    for (row, document) in documents.enumerated() {
      var best = document.others
      for (index, label) in document.labels.enumerated() {
        let addition = shares.map {
          Float(DocumentMemory.addition(ofShare: $0[row][index], weight: weight))
        }
        let score = document.scores[index] + (addition ?? 0)
        if best.count == Self.depth, let last = best.last, score < last.score { continue }
        let place = best.firstIndex { (-$0.score, $0.label) > (-score, label) } ?? best.count
        guard place < Self.depth else { continue }
        if best.count == Self.depth { best.removeLast() }
        best.insert((score, label), at: place)
      }
      try result.append(labels: best.map(\.label), scores: best.map(\.score))
    }
    let metrics = try RankingMetrics(metrics: Self.metrics)(
      result, truth: truth, labelCounts: truth.columnCounts(), documentCount: truth.rowCount)
    return Self.metrics.reduce(0) { $0 + (metrics[$1] ?? 0) } / 2
  }
}
