public import Storage

/// The labels that co-occur more often than by chance.
///
/// With n of N documents that have both labels, nₐ and n_b that have each:
///
///     lift = n N / (nₐ n_b)
///
/// Its logarithm is the pointwise mutual information.
public struct LabelCooccurrence: Codable, Hashable, Sendable {
  /// Two labels that co-occur.
  public struct Pair: Codable, Hashable, Sendable {
    /// The names, in the order of the data set.
    public var labels: [String]
    /// Their texts, or the names of labels without one; nil if no label has a text.
    public var texts: [String]?
    /// The number of documents that have both.
    public var documents: Int
    /// The ratio to the expected number of documents if the labels were independent.
    public var lift: Double
    /// The fraction of the documents of the rarer label that also have the other, from 0 to 1.
    public var shareOfRarer: Double
  }

  /// The pairs with the largest lift above 1, among those with at least `leastDocuments` documents.
  public var pairs: [Pair]
  /// The smallest number of documents of a pair: a few coincidences have a large lift.
  public var leastDocuments: Int
  /// The number of documents that were not counted because they have more than 200 labels, the
  /// pairs of which would fill the memory.
  public var documentsLeftOut: Int

  static let mostLabels = 200

  /// Counts pairs of labels.
  ///
  /// - Parameters:
  ///   - rows: `[documents, labels]`.
  ///   - labels: the labels.
  ///   - count: the number of pairs to keep.
  ///   - leastDocuments: the smallest number of documents of a pair; 5 is our choice.
  /// - Complexity: O(documents k²) for k labels per document; memory O(pairs that occur).
  public init(_ rows: CSRMatrix, of labels: Labels, count: Int = 20, leastDocuments: Int = 5) {
    let single = rows.columnCounts()
    var together: [UInt64: Int32] = [:]
    var leftOut = 0
    for row in 0..<rows.rowCount {
      // A pair of a label that is too rare is too rare as well.
      let own = Set(rows.columns(ofRow: row)).filter { single[Int($0)] >= leastDocuments }
        .sorted()
      guard own.count <= Self.mostLabels else {
        leftOut += 1
        continue
      }
      for (place, first) in own.enumerated() {
        for second in own[(place + 1)...] {
          together[UInt64(first) << 32 | UInt64(second), default: 0] += 1
        }
      }
    }
    let total = Double(rows.rowCount)
    let all = together.filter { Int($0.value) >= leastDocuments }.map { key, documents in
      let (first, second) = (Int(key >> 32), Int(key & 0xFFFF_FFFF))
      let both = Double(documents)
      return (
        first: first, second: second, documents: Int(documents),
        lift: both * total / (Double(single[first]) * Double(single[second])),
        share: both / Double(min(single[first], single[second]))
      )
    }
    let first = all.filter { $0.lift > 1 }.sorted {
      ($1.lift, $1.documents, $0.first, $0.second) < ($0.lift, $0.documents, $1.first, $1.second)
    }.prefix(count)
    pairs = first.map { pair in
      let both = [pair.first, pair.second]
      return Pair(
        labels: both.map { labels.ids[$0] },
        texts: labels.texts == nil ? nil : both.map(labels.textOrID), documents: pair.documents,
        lift: pair.lift, shareOfRarer: pair.share)
    }
    self.leastDocuments = leastDocuments
    documentsLeftOut = leftOut
  }
}
