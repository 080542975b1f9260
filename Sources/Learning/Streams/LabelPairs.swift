/// Counts of labels and of pairs of labels in bounded memory, for Jaccard distances.
///
/// Only pairs that occurred together take memory; all others have similarity 0. Beyond the limit
/// the rarest pairs are dropped, which underestimates a pair's similarity by at most `givenUpCount
/// / |rows with either label|`.
struct LabelPairs {
  /// A pair of labels, the smaller one first.
  struct Pair: Hashable, Comparable {
    let first: Int32
    let second: Int32

    init(_ one: Int32, _ other: Int32) {
      first = min(one, other)
      second = max(one, other)
    }

    static func < (one: Pair, other: Pair) -> Bool {
      (one.first, one.second) < (other.first, other.second)
    }
  }

  /// The number of rows with each label.
  private(set) var counts: [Int]
  /// The number of rows with both labels, if any.
  private(set) var together: [Pair: Int] = [:]
  /// The largest count of a dropped pair.
  private(set) var givenUpCount = 0
  private let limit: Int

  init(labelCount: Int, limit: Int) {
    counts = Array(repeating: 0, count: labelCount)
    self.limit = limit
  }

  /// Counts a row's labels, and those of its pairs for which `isOfInterest` is true.
  mutating func add(_ labels: [Int32], where isOfInterest: (Int32, Int32) -> Bool) {
    for (position, label) in labels.enumerated() {
      counts[Int(label)] += 1
      for other in labels[(position + 1)...] where isOfInterest(label, other) {
        together[Pair(label, other), default: 0] += 1
      }
    }
    while together.count > limit {
      givenUpCount += 1
      together = together.filter { $0.value > givenUpCount }
    }
  }

  /// The number of rows with at least one label of the pair.
  func union(_ pair: Pair) -> Int {
    counts[Int(pair.first)] + counts[Int(pair.second)] - together[pair, default: 0]
  }

  /// 1 − |rows with both| / |rows with either|; 1 for labels that never occur.
  func distance(_ pair: Pair) -> Double {
    let both = together[pair, default: 0]
    return both == 0 ? 1 : 1 - Double(both) / Double(union(pair))
  }

  /// Removes all counts of `labels`.
  mutating func forget(_ labels: [Int32]) {
    let gone = Set(labels)
    for label in labels { counts[Int(label)] = 0 }
    together = together.filter { !gone.contains($0.key.first) && !gone.contains($0.key.second) }
  }
}
