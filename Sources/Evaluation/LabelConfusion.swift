import Foundation
public import Storage

/// The labels that a model ranks instead of the right ones.
///
/// A document with k true labels is examined down to rank k. Each true label that is missing there
/// is paired with each false one that is there. With n documents that have a pair, nₘ that miss its
/// first label, nᵣ that wrongly rank its second, and N documents with a true label:
///
///     lift = n N / (nₘ nᵣ)
///
/// Pairs are ordered by n ln(lift): pairs that are frequent, and more so than the errors of their
/// two labels explain.
public struct LabelConfusion: Hashable, Sendable {
  /// A missed label and a false one ranked instead.
  public struct Pair: Codable, Hashable, Sendable {
    /// The true label that is missed.
    public var missed: Int
    /// The false label that is ranked instead.
    public var ranked: Int
    /// The number of documents with this pair.
    public var documents: Int
    /// The ratio to the expected number of documents if the two errors were independent.
    public var lift: Double
  }

  /// The first pairs in this order; equal ones by ascending labels.
  public let pairs: [Pair]
  /// The number of examined documents, which have a true label.
  public let documents: Int

  /// Compares a ranking with the true labels.
  ///
  /// - Parameters:
  ///   - ranking: one row per document. Documents with more true labels than ranks are left out.
  ///   - truth: `[documents, labels]`.
  ///   - count: the number of pairs to keep.
  /// - Complexity: O(documents k²) time for k true labels per document.
  public init(_ ranking: TopK, truth: CSRMatrix, count: Int = 30) {
    var together: [UInt64: Int] = [:]
    var missed: [Int32: Int] = [:]
    var wrong: [Int32: Int] = [:]
    var total = 0
    for row in 0..<truth.rowCount {
      let wanted = Set(truth.columns(ofRow: row))
      guard !wanted.isEmpty, wanted.count <= ranking.k else { continue }
      total += 1
      let given = Set(ranking.labels(ofRow: row).prefix(wanted.count))
      let absent = wanted.subtracting(given)
      let strangers = given.subtracting(wanted)
      for label in absent { missed[label, default: 0] += 1 }
      for label in strangers { wrong[label, default: 0] += 1 }
      for label in absent {
        for stranger in strangers {
          together[UInt64(label) << 32 | UInt64(stranger), default: 0] += 1
        }
      }
    }
    documents = total
    let all = together.map { key, documents in
      let (first, second) = (Int(key >> 32), Int(key & 0xFFFF_FFFF))
      let expected =
        Double(missed[Int32(first)] ?? 0) * Double(wrong[Int32(second)] ?? 0) / Double(total)
      return Pair(
        missed: first, ranked: second, documents: documents, lift: Double(documents) / expected)
    }
    func weight(_ pair: Pair) -> Double { Double(pair.documents) * log(pair.lift) }
    pairs = Array(
      all.sorted {
        (-weight($0), $0.missed, $0.ranked) < (-weight($1), $1.missed, $1.ranked)
      }.prefix(count))
  }
}
