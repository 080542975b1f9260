import Storage
import Torch

/// The best labels of each row, best first: the output of a search or a classifier.
///
/// A row has at most `k` labels, and fewer if there were fewer candidates. Labels are ordered by
/// descending score, equal scores by ascending id, so that a ranking does not depend on the way it
/// was computed.
public struct TopK: Sendable, Equatable {
  /// The most labels per row.
  public let k: Int
  /// `[rows + 1]`; row i has the entries `rowOffsets[i] ..< rowOffsets[i + 1]`.
  public private(set) var rowOffsets: [Int] = [0]
  /// The label ids of all rows, concatenated.
  public private(set) var labels: [Int32] = []
  /// The score of each entry of `labels`.
  public private(set) var scores: [Float] = []

  /// Creates an empty list of rows.
  ///
  /// - Precondition: `k` is at least 1.
  public init(k: Int) {
    precondition(k >= 1, "k is \(k); a row has at least one label")
    self.k = k
  }

  /// The number of rows.
  public var rowCount: Int { rowOffsets.count - 1 }

  /// The labels of row `row`, best first.
  public func labels(ofRow row: Int) -> ArraySlice<Int32> {
    labels[rowOffsets[row]..<rowOffsets[row + 1]]
  }

  /// The scores of row `row`, in the order of its labels.
  public func scores(ofRow row: Int) -> ArraySlice<Float> {
    scores[rowOffsets[row]..<rowOffsets[row + 1]]
  }

  /// Adds a row with the best `k` of `candidates`, where the score of label i is `candidates[i]`.
  ///
  /// - Parameters:
  ///   - excluded: labels that must not be predicted for this row (the "filter pairs" of some data
  ///     sets, or labels already known), in any order.
  ///   - allowed: `[labels]`; whether each label may be predicted at all, nil for all labels.
  /// - Throws: `ValueError` when a score is NaN. Infinite scores are ranked.
  /// - Complexity: O(*L* + *k* log *k*) expected for *L* scores in no special order; O(*k* + *e*)
  ///   memory for *e* exclusions.
  /// - Precondition: there is one mark for each candidate.
  public mutating func append(
    selectingFrom candidates: UnsafeBufferPointer<Float>, excluding excluded: Set<Int32> = [],
    among allowed: [Bool]? = nil
  ) throws {
    precondition(
      allowed.map { $0.count == candidates.count } ?? true,
      "\(allowed?.count ?? 0) marks for \(candidates.count) labels")
    var selection = TopKSelection(k: min(k, max(candidates.count, 1)))
    if let faulty = selection.insert(candidates, excluding: excluded, among: allowed) {
      throw ValueError(
        "scores", reason: "the score of label \(faulty) in row \(rowCount) is not a number")
    }
    selection.drain(into: &labels, &scores)
    rowOffsets.append(labels.count)
  }

  /// Adds a row with the best `k` of `candidates`; see the overload for a buffer.
  public mutating func append(
    selectingFrom candidates: [Float], excluding excluded: Set<Int32> = [],
    among allowed: [Bool]? = nil
  ) throws {
    try candidates.withUnsafeBufferPointer {
      try append(selectingFrom: $0, excluding: excluded, among: allowed)
    }
  }

  /// Adds a row that is already ranked, for instance by an index search.
  ///
  /// - Throws: `ValueError` when the two lists differ in length or are longer than `k`, when a
  ///   score is NaN, or when the order is not (score descending, label ascending).
  public mutating func append(labels newLabels: [Int32], scores newScores: [Float]) throws {
    guard newLabels.count == newScores.count, newLabels.count <= k else {
      throw ValueError(
        "ranking",
        reason: "row \(rowCount) has \(newLabels.count) labels and \(newScores.count) scores",
        expected: "equal numbers, at most \(k)")
    }
    if let position = newScores.firstIndex(where: \.isNaN) {
      throw ValueError(
        "ranking",
        reason: "the score of label \(newLabels[position]) in row \(rowCount) is not a number")
    }
    for position in newLabels.indices.dropFirst() {
      let (before, after) = (newScores[position - 1], newScores[position])
      guard
        before > after || (before == after && newLabels[position - 1] < newLabels[position])
      else {
        throw ValueError(
          "ranking",
          reason: """
            row \(rowCount) has label \(newLabels[position - 1]) with score \(before) before \
            label \(newLabels[position]) with score \(after)
            """,
          expected: "descending scores, and ascending labels for equal scores")
      }
    }
    labels.append(contentsOf: newLabels)
    scores.append(contentsOf: newScores)
    rowOffsets.append(labels.count)
  }
}
