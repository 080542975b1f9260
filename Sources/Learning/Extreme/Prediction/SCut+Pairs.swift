public import Storage

/// Scores of (document, label) pairs with their outcomes, for fitting thresholds and probabilities.
///
/// Not every pair need be present: of a million labels a document may have its top hundred. A true
/// label outside these counts as missed.
public struct ScoredPairs: Sendable {
  /// `[documents + 1]`; document i has the indices `offsets[i] ..< offsets[i + 1]` of the lists
  /// below.
  public let offsets: [Int]
  /// The label of each pair.
  public let labels: [Int32]
  /// The score of each pair.
  public var scores: [Double]
  /// Whether the document has the label.
  public let outcomes: [Bool]
  /// The number of labels of each document.
  public let trueCounts: [Int]
  /// The number of documents with each label.
  public let labelCounts: [Int]

  /// The number of documents.
  public var documentCount: Int { trueCounts.count }

  /// Creates pairs from scores and the true labels.
  ///
  /// - Parameters:
  ///   - offsets: `[documents + 1]`.
  ///   - labels: the label of each pair, at most once per document.
  ///   - scores: the score of each pair.
  ///   - truth: `[documents, labels]`; values are ignored.
  /// - Throws: `ValueError` if the lists do not match, or if a label is not a column of `truth`.
  public init(offsets: [Int], labels: [Int32], scores: [Double], truth: CSRMatrix) throws {
    guard offsets.count == truth.rowCount + 1, labels.count == scores.count,
      offsets.first == 0, offsets.last == labels.count,
      zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      throw ValueError(
        "scored pairs",
        reason: "\(offsets.count - 1) documents, \(labels.count) labels, \(scores.count) scores",
        expected: "\(truth.rowCount) documents, and one score per label")
    }
    if let label = labels.first(where: { $0 < 0 || Int($0) >= truth.columnCount }) {
      throw ValueError(
        "scored pairs", reason: "label \(label)", expected: "0 ..< \(truth.columnCount)")
    }
    self.offsets = offsets
    self.labels = labels
    self.scores = scores
    var outcomes: [Bool] = []
    outcomes.reserveCapacity(labels.count)
    var trueCounts: [Int] = []
    var labelCounts = [Int](repeating: 0, count: truth.columnCount)
    for document in 0..<truth.rowCount {
      let own = Set(truth.columns(ofRow: document))
      trueCounts.append(own.count)
      for label in own { labelCounts[Int(label)] += 1 }
      for place in offsets[document]..<offsets[document + 1] {
        outcomes.append(own.contains(labels[place]))
      }
    }
    self.outcomes = outcomes
    self.trueCounts = trueCounts
    self.labelCounts = labelCounts
  }

  private init(
    offsets: [Int], labels: [Int32], scores: [Double], outcomes: [Bool], trueCounts: [Int],
    labelCounts: [Int]
  ) {
    self.offsets = offsets
    self.labels = labels
    self.scores = scores
    self.outcomes = outcomes
    self.trueCounts = trueCounts
    self.labelCounts = labelCounts
  }

  /// The pairs of some of the documents.
  ///
  /// - Parameters:
  ///   - documents: their indices, in the order of the result.
  ///   - truth: the true labels given to `init`.
  public func selecting(documents: [Int], truth: CSRMatrix) -> ScoredPairs {
    var offsets = [0]
    var places: [Int] = []
    var counts = [Int](repeating: 0, count: labelCounts.count)
    for document in documents {
      places.append(contentsOf: self.offsets[document]..<self.offsets[document + 1])
      offsets.append(places.count)
      for label in Set(truth.columns(ofRow: document)) { counts[Int(label)] += 1 }
    }
    return ScoredPairs(
      offsets: offsets, labels: places.map { labels[$0] }, scores: places.map { scores[$0] },
      outcomes: places.map { outcomes[$0] }, trueCounts: documents.map { trueCounts[$0] },
      labelCounts: counts)
  }
}
