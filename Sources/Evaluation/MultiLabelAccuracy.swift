public import Storage
import Torch

/// The accuracy of a single-label classifier on documents with several true labels.
///
/// Documents are grouped by the number k of their true labels P. In each group, and over all:
///
///     top-1      mean of [first label = the label that was assigned]   if one was assigned
///     ReaL       mean of [first label ∈ P]
///     variable   mean of |first k labels ∩ P| / k
///     all        mean of [first k labels = P]
///
/// ASMA, the average subgroup multi-label accuracy, is the unweighted mean of the groups' variable
/// top-k accuracies, so that it is dominated neither by the many documents with one label nor by
/// those with many.
///
/// - Paper: Anzaku, Mousavi, Van Messem, De Neve. The Impact of the Single-Label Assumption in
///   Image Recognition Benchmarking (first called: Re-assessing ImageNet). 2024.
///   <https://arxiv.org/abs/2412.18409>. ReaL: Beyer, Hénaff, Kolesnikov, Zhai, van den Oord. Are
///   we done with ImageNet? 2020. <https://arxiv.org/abs/2006.07159>
/// - Units: percent.
/// - Departures: documents with `largestCount` labels or more form one group, each with its k. The
///   unweighted mean over non-empty groups is our reading of the paper's words; its formula was not
///   compared.
public struct MultiLabelAccuracy: Codable, Hashable, Sendable {
  /// The documents with a given number of true labels.
  public struct Group: Codable, Hashable, Sendable {
    /// The number of true labels; in the last group, the smallest.
    public var labelCount: Int
    /// The number of documents.
    public var documents: Int
    /// The first label is the assigned one, in percent; nil if none was assigned.
    public var top1: Double?
    /// The first label is true, in percent.
    public var real: Double
    /// The fraction of true labels among the first k, in percent.
    public var variable: Double
    /// The first k labels are all true, in percent.
    public var all: Double
  }

  /// The non-empty groups, ascending by number of labels.
  public var groups: [Group]
  /// All documents with a true label; its `labelCount` is 1.
  public var whole: Group
  /// The mean of the groups' variable top-k accuracies, in percent.
  public var asma: Double

  /// Compares rankings with the true labels; documents without a true label are left out.
  ///
  /// - Parameters:
  ///   - predictions: one ranking per document; labels that are not ranked count as not found.
  ///   - truth: `[documents, labels]`; a repeated label counts once.
  ///   - assigned: the only label of each document in the single-label view.
  ///   - largestCount: the number of labels from which documents form one group; 10 is our choice.
  /// - Throws: `ValueError` when the numbers of documents differ.
  /// - Precondition: `largestCount` is at least 1.
  public init(
    _ predictions: TopK, truth: CSRMatrix, assigned: [Int32]? = nil, largestCount: Int = 10
  ) throws {
    precondition(largestCount >= 1, "groups of up to \(largestCount) labels")
    guard predictions.rowCount == truth.rowCount,
      assigned.map({ $0.count == truth.rowCount }) ?? true
    else {
      throw ValueError(
        "predictions",
        reason: """
          \(predictions.rowCount) rows of predictions\
          \(assigned.map { ", \($0.count) assigned labels" } ?? "")
          """,
        expected: "\(truth.rowCount), as in the truth")
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
