/// Ten groups of labels with about the same number of training positives each, frequent labels
/// first.
///
/// Labels are ordered by descending count, equal counts by ascending id. With c the number of
/// positives of a label and all before it, and T that of all labels, its group is ⌈10 c / T⌉ − 1.
/// The first groups contain a few head labels, the last contains most of the tail and all labels
/// that were never trained on; a label with more than a tenth of all positives leaves groups empty.
public struct FrequencyDeciles: Hashable, Sendable {
  /// The number of groups.
  public static let count = 10
  /// The group of each label, in `0 ..< 10`.
  public let decileOfLabel: [Int]

  /// Groups labels by their numbers of training documents.
  public init(labelCounts counts: [Int]) {
    let total = counts.reduce(0, +)
    var deciles = [Int](repeating: Self.count - 1, count: counts.count)
    var sum = 0
    for label in counts.indices.sorted(by: { (-counts[$0], $0) < (-counts[$1], $1) })
    where counts[label] > 0 {
      sum += counts[label]
      deciles[label] = (Self.count * sum + total - 1) / total - 1
    }
    decileOfLabel = deciles
  }
}
