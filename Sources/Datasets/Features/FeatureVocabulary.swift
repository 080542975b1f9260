import Foundation
public import Storage

/// The features that a model knows, each with a row number and its document count.
///
/// Rows are sorted by descending document count, ties by ascending hash: frequent features are
/// close together in a table of vectors. A feature is identified by its 64-bit hash; strings are
/// not kept. Memory: 12 bytes per feature in the file, and 8 to 12 more for lookups.
public struct FeatureVocabulary: Sendable {
  /// `[features]`; the hash of each row's feature, none of them 0.
  public let hashes: MappedArray<UInt64>
  /// `[features]`; the number of training documents in which each feature occurs.
  public let documentFrequencies: MappedArray<UInt32>
  /// The number N of training documents.
  public let documentCount: Int
  /// `[features]`; ln((1 + N) / (1 + df)) + 1 for the document frequency df of each row.
  ///
  /// This is the smoothed form of scikit-learn's `TfidfTransformer`
  /// (<https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting>),
  /// as if one extra document contained every feature once.
  public let inverseDocumentFrequencies: [Float]
  /// The row in each slot of an open-addressing table, or −1; its size is a power of two.
  let places: [Int32]
  /// The right shift that maps a hash to its first slot.
  let shift: UInt64

  /// The most features that a vocabulary can have; its lookup table then has at most 2^30 slots.
  static let limit = 1 << 29

  /// The number of features, which is the number of columns of the bags.
  public var count: Int { hashes.count }

  /// Creates a vocabulary from the output of `learned` or from a file.
  ///
  /// - Throws: `ValueError` when order, counts or hashes are invalid.
  init(
    hashes: MappedArray<UInt64>, documentFrequencies: MappedArray<UInt32>, documentCount: Int
  ) throws {
    guard hashes.count == documentFrequencies.count, hashes.count <= Self.limit else {
      throw ValueError(
        "vocabulary",
        reason: "\(hashes.count) features with \(documentFrequencies.count) frequencies",
        expected: "the same number, at most \(Self.limit)")
    }
    var bits = 1
    while 1 << bits < 2 * hashes.count { bits += 1 }
    var places = [Int32](repeating: -1, count: 1 << bits)
    var inverse = [Float](repeating: 0, count: hashes.count)
    try hashes.withUnsafeBufferPointer { hashes in
      try documentFrequencies.withUnsafeBufferPointer { frequencies in
        for row in hashes.indices {
          try Self.check(row, hashes, frequencies, documentCount: documentCount)
          inverse[row] = Float(log(Double(1 + documentCount) / Double(1 + frequencies[row])) + 1)
          var place = Int(hashes[row] >> UInt64(64 - bits))
          while places[place] >= 0 {
            if hashes[Int(places[place])] == hashes[row] {
              throw ValueError(
                "vocabulary", reason: "features \(places[place]) and \(row) have the same hash")
            }
            place = (place + 1) & (places.count - 1)
          }
          places[place] = Int32(row)
        }
      }
    }
    self.hashes = hashes
    self.documentFrequencies = documentFrequencies
    self.documentCount = documentCount
    inverseDocumentFrequencies = inverse
    self.places = places
    shift = UInt64(64 - bits)
  }

  private static func check(
    _ row: Int, _ hashes: UnsafeBufferPointer<UInt64>, _ frequencies: UnsafeBufferPointer<UInt32>,
    documentCount: Int
  ) throws {
    guard hashes[row] != 0, frequencies[row] >= 1, Int(frequencies[row]) <= documentCount else {
      throw ValueError(
        "vocabulary", reason: "feature \(row) is in \(frequencies[row]) documents",
        expected: "1 ... \(documentCount), and a hash that is not 0")
    }
    guard row > 0 else { return }
    let (before, here) = (frequencies[row - 1], frequencies[row])
    guard before > here || (before == here && hashes[row - 1] < hashes[row]) else {
      throw ValueError(
        "vocabulary", reason: "features \(row - 1) and \(row) are out of order",
        expected: "descending document frequency, then ascending hash")
    }
  }

  /// Numbers the features that `counter` saw in at least `minimum` documents; if there are more
  /// than `maximum`, only the most frequent ones.
  static func learned(
    _ counter: borrowing FeatureCounter, documentCount: Int, minimum: Int, maximum: Int?
  ) throws -> FeatureVocabulary {
    let entries = counter.entries(minimum: minimum)
      .sorted {
        $0.documents != $1.documents ? $0.documents > $1.documents : $0.feature < $1.feature
      }
      .prefix(maximum ?? .max)
    return try FeatureVocabulary(
      hashes: MappedArray(entries.map(\.feature)),
      documentFrequencies: MappedArray(entries.map(\.documents)), documentCount: documentCount)
  }

  /// The features of some rows alone; their document counts stay those of all training documents.
  ///
  /// - Precondition: `rows` ascends.
  func selecting(rows: [Int]) throws -> FeatureVocabulary {
    try FeatureVocabulary(
      hashes: MappedArray(rows.map { hashes[$0] }),
      documentFrequencies: MappedArray(rows.map { documentFrequencies[$0] }),
      documentCount: documentCount)
  }

  /// The row of the feature with this hash; nil if it is unknown.
  public func row(of feature: UInt64) -> Int? {
    places.withUnsafeBufferPointer { places in
      hashes.withUnsafeBufferPointer { hashes in
        let row = Self.find(feature, places, hashes, shift)
        return row < 0 ? nil : Int(row)
      }
    }
  }

  /// The row of `feature`, or −1; for loops over many features.
  @inline(__always)
  static func find(
    _ feature: UInt64, _ places: UnsafeBufferPointer<Int32>, _ hashes: UnsafeBufferPointer<UInt64>,
    _ shift: UInt64
  ) -> Int32 {
    var place = Int(feature >> shift)
    while true {
      let row = places[place]
      if row < 0 || hashes[Int(row)] == feature { return row }
      place = (place + 1) & (places.count - 1)
    }
  }
}
