import Foundation
public import Torch

/// Which labels a model ranks where others are right.
///
/// A document with k true labels is looked at down to rank k. True labels that are not there are
/// missed, false ones that are there stand in their places; each missed label is paired with each
/// false one. With n documents that have a pair, nₘ that miss its first label, nᵣ that have its
/// second one in a wrong place, and N documents with a true label:
///
///     lift = n N / (nₘ nᵣ)
///
/// Pairs are ordered by n ln(lift): those that come often, and oftener than their labels' own
/// faults explain.
public struct LabelConfusion: Hashable, Sendable {
  /// A label that is missed and one that stands in its place.
  public struct Pair: Codable, Hashable, Sendable {
    /// The true label that is missed.
    public var missed: Int
    /// The false label that is ranked instead.
    public var ranked: Int
    /// In how many documents.
    public var documents: Int
    /// How much oftener than if the two faults had nothing to do with each other.
    public var lift: Double
  }

  /// The first pairs of the order; of equal ones that of the smaller labels.
  public let pairs: [Pair]
  /// Documents with a true label that were looked at.
  public let documents: Int

  /// Compares a ranking with the truth.
  ///
  /// - Parameters:
  ///   - ranking: one row a document. Documents with more true labels than it has places are left
  ///     out.
  ///   - truth: `[documents, labels]`.
  ///   - count: how many pairs are kept.
  /// - Complexity: O(documents k²) time for k true labels a document.
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
