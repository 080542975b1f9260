public import Torch

/// How well a classifier that was made to name one label does where several are right.
///
/// Documents are grouped by the number k of their true labels P. In each group, and over all:
///
///     top-1      mean of [first label = the label that was assigned]   where one was
///     ReaL       mean of [first label ∈ P]
///     variable   mean of |first k labels ∩ P| / k
///     all        mean of [first k labels = P]
///
/// ASMA, the average subgroup multi-label accuracy, is the mean of the groups' variable top-k
/// accuracies, each group counting the same, so that neither the many documents with one label nor
/// those with many decide alone.
///
/// - Paper: Anzaku, Mousavi, Van Messem, De Neve. The Impact of the Single-Label Assumption in
///   Image Recognition Benchmarking (first called: Re-assessing ImageNet). 2024.
///   <https://arxiv.org/abs/2412.18409>. ReaL: Beyer, Hénaff, Kolesnikov, Zhai, van den Oord. Are
///   we done with ImageNet? 2020. <https://arxiv.org/abs/2006.07159>
/// - Units: percent.
/// - Departures: groups from `largestCount` labels on are one, each document with its own k. That
///   the groups' mean is unweighted, and over groups that are not empty, is our reading of the
///   paper's words; its formula was not compared.
public struct MultiLabelAccuracy: Codable, Hashable, Sendable {
  /// The documents with one number of true labels.
  public struct Group: Codable, Hashable, Sendable {
    /// The number of true labels; the least one in the last group.
    public var labelCount: Int
    /// How many documents.
    public var documents: Int
    /// First label the assigned one, in percent; nil where none was assigned.
    public var top1: Double?
    /// First label true, in percent.
    public var real: Double
    /// The share of true labels among the first k, in percent.
    public var variable: Double
    /// All of the first k true, in percent.
    public var all: Double
  }

  /// The groups that are not empty, few labels first.
  public var groups: [Group]
  /// All documents with a true label; its `labelCount` is 1.
  public var whole: Group
  /// The mean of the groups' variable top-k accuracies, in percent.
  public var asma: Double

  /// Compares rankings with the truth; documents without a true label are left out.
  ///
  /// - Parameters:
  ///   - predictions: one ranking a document; what is not ranked is not found.
  ///   - truth: `[documents, labels]`; a label listed twice counts once.
  ///   - assigned: the one label of each document that the single-label view holds true.
  ///   - largestCount: the number of labels from which on documents are one group; 10, ours.
  /// - Throws: `InputError` when the numbers of documents do not fit together.
  /// - Precondition: `largestCount` is at least 1.
  public init(
    _ predictions: TopK, truth: CSRMatrix, assigned: [Int32]? = nil, largestCount: Int = 10
  ) throws {
    precondition(largestCount >= 1, "groups of up to \(largestCount) labels")
    guard predictions.rowCount == truth.rowCount,
      assigned.map({ $0.count == truth.rowCount }) ?? true
    else {
      throw InputError(
        file: "predictions",
        reason: """
          \(predictions.rowCount) rows of predictions\
          \(assigned.map { ", \($0.count) assigned labels" } ?? "")
          """,
        expected: "\(truth.rowCount), as the truth has")
    }
    var sums = [Sums](repeating: Sums(), count: largestCount + 1)
    for row in 0..<truth.rowCount {
      let own = Set(truth.columns(ofRow: row))
      if own.isEmpty { continue }
      sums[min(own.count, largestCount)].add(
        predictions.labels(ofRow: row), own: own, assigned: assigned?[row])
    }
    var groups: [Group] = []
    var whole = Sums()
    for (count, sum) in sums.enumerated() where sum.documents > 0 {
      groups.append(sum.group(labelCount: count, isAssigned: assigned != nil))
      whole.add(sum)
    }
    self.groups = groups
    self.whole = whole.group(labelCount: 1, isAssigned: assigned != nil)
    asma = groups.reduce(0) { $0 + $1.variable } / Double(max(1, groups.count))
  }

  private struct Sums {
    var documents = 0
    var (top1, real, variable, all) = (0.0, 0.0, 0.0, 0.0)

    mutating func add(_ ranking: ArraySlice<Int32>, own: Set<Int32>, assigned: Int32?) {
      documents += 1
      if let first = ranking.first {
        top1 += first == assigned ? 1 : 0
        real += own.contains(first) ? 1 : 0
      }
      let hits = own.intersection(ranking.prefix(own.count)).count
      variable += Double(hits) / Double(own.count)
      all += hits == own.count ? 1 : 0
    }

    mutating func add(_ other: Sums) {
      documents += other.documents
      top1 += other.top1
      real += other.real
      variable += other.variable
      all += other.all
    }

    func group(labelCount: Int, isAssigned: Bool) -> Group {
      let share = 100 / Double(max(1, documents))
      return Group(
        labelCount: labelCount, documents: documents, top1: isAssigned ? share * top1 : nil,
        real: share * real, variable: share * variable, all: share * all)
    }
  }
}
