import Foundation

/// The distances between the labels of a cluster, which decide on splits and merges.
///
/// Computed only from pairs that occurred together, however many labels there are: every other pair
/// has distance 1.
struct ClusterSpread {
  /// The farthest pair; ties go to the one with more rows, then to the smallest.
  let pivots: LabelPairs.Pair
  /// Its distance: the cluster's diameter.
  let largest: Double
  /// The largest distance among the other pairs.
  let secondLargest: Double
  /// The smallest distance.
  let smallest: Double
  /// The mean distance.
  let mean: Double
  /// The number of rows with either of the pivots.
  let rows: Int

  /// Measures the labels of `members` with at least `support` rows; nil if there are fewer than
  /// two.
  init?(of members: [Int32], pairs: LabelPairs, neighbours: [LabelPairs.Pair], support: Int) {
    let supported = members.filter { pairs.counts[Int($0)] >= support }
    guard supported.count > 1 else { return nil }
    let isSupported = Set(supported)
    let seen = neighbours.filter {
      isSupported.contains($0.first) && isSupported.contains($0.second)
    }
    let total = supported.count * (supported.count - 1) / 2
    let distances = seen.map { pairs.distance($0) }
    let unseenCount = total - seen.count
    mean = (distances.reduce(0, +) + Double(unseenCount)) / Double(total)
    smallest = distances.min() ?? 1

    var candidates = zip(seen, distances).sorted {
      let rows = (pairs.union($0.0), pairs.union($1.0))
      return $0.1 != $1.1 ? $0.1 > $1.1 : rows.0 != rows.1 ? rows.0 > rows.1 : $0.0 < $1.0
    }
    if unseenCount > 0, let pair = Self.largestUnseen(supported, pairs: pairs, seen: Set(seen)) {
      candidates.insert((pair, 1), at: 0)
    }
    guard let farthest = candidates.first else { return nil }
    pivots = farthest.0
    largest = farthest.1
    secondLargest = unseenCount > 1 ? 1 : candidates.count > 1 ? candidates[1].1 : smallest
    rows = pairs.union(farthest.0)
  }

  /// ε of ODAC: the maximum error of a measured distance.
  ///
  /// A Jaccard index is a mean over the rows that have either label, so only these count.
  static func bound(rows: Int, confidence: Double) -> Double {
    (log(1 / confidence) / (2 * Double(max(1, rows)))).squareRoot()
  }

  /// Among pairs that never occurred together, the one with most rows, then the smallest.
  private static func largestUnseen(
    _ labels: [Int32], pairs: LabelPairs, seen: Set<LabelPairs.Pair>
  ) -> LabelPairs.Pair? {
    let ordered = labels.sorted {
      let counts = (pairs.counts[Int($0)], pairs.counts[Int($1)])
      return counts.0 != counts.1 ? counts.0 > counts.1 : $0 < $1
    }
    var best: LabelPairs.Pair?
    var bestRows = -1
    for (position, label) in ordered.enumerated() {
      for other in ordered[(position + 1)...] {
        let rows = pairs.counts[Int(label)] + pairs.counts[Int(other)]
        guard rows >= bestRows else { break }
        let pair = LabelPairs.Pair(label, other)
        guard !seen.contains(pair) else { continue }
        if let best, rows == bestRows, best < pair { continue }
        best = pair
        bestRows = rows
      }
    }
    return best
  }
}
