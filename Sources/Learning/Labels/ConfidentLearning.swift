import Foundation
public import Torch

/// Finds labels that are probably wrong or missing, from how sure a model is of the others.
///
/// Each label l is looked at on its own. With p(i, l) a probability from a model that has not seen
/// document i, and N₁(l), N₀(l) the documents that have and lack the label:
///
///     t₁(l) = mean of p over N₁(l)          t₀(l) = mean of 1 − p over N₀(l)
///     sure to have:  p ≥ t₁, and p > 1 − p where 1 − p ≥ t₀ too
///     sure to lack:  1 − p ≥ t₀, and 1 − p ≥ p where p ≥ t₁ too
///     C(l)[given][true] = how many documents are sure, 1 or more on the diagonal
///
/// Documents off the diagonal are the errors: given but sure to lack (wrong), not given but sure to
/// have (missing). C with its rows scaled to N₀ and N₁ estimates how many errors there are.
///
/// Only some pairs need be stored, such as each document's best hundred labels and those given; a
/// pair that is not counts as one of probability 0. The result is exactly that of the dense matrix
/// with these zeros.
///
/// - Paper: Northcutt, Jiang, Chuang. Confident Learning: Estimating Uncertainty in Dataset Labels.
///   JAIR 70, 2021. <https://arxiv.org/abs/1911.00068>; of single labels against the rest as in
///   Thyagarajan and others. Identifying Incorrect Annotations in Multi-Label Classification Data.
///   2022. <https://arxiv.org/abs/2211.13895>
/// - Gradient: none; probabilities are compared, not changed.
/// - Units: probabilities; counts of documents.
/// - Departures: sparse, see above. Thresholds are at least 2e-6 and comparisons forgive 1e-6, both
///   as the authors' code has it; estimated counts are
///   not rounded.
/// - Complexity: O(stored pairs + documents + labels) time, O(labels) memory beside the pairs.
public struct ConfidentLearning: Codable, Hashable, Sendable {
  /// What an error is ranked by.
  public enum Order: String, Codable, Hashable, Sendable, CaseIterable {
    /// 1 − p of what was given: the same for all labels.
    case selfConfidence
    /// The paper's section 3.2: p less the label's threshold, scaled to add up to 1 again.
    case adjusted
  }

  /// What errors are ranked by.
  public var order: Order
  /// Chooses an order; see Benchmarks/results/audit.md for the default.
  public init(order: Order = .selfConfidence) { self.order = order }

  /// Counts the documents that are sure.
  ///
  /// - Parameters:
  ///   - probabilities: `[documents, labels]` with values; a column at most once a row.
  ///   - given: `[documents, labels]`; values are not looked at, a column at most once a row.
  /// - Throws: `InputError` when a value is no probability, or when there are none.
  /// - Precondition: both have the same shape.
  public func joint(probabilities: CSRMatrix, given: CSRMatrix) throws -> Joint {
    try checkProbabilities(probabilities, given)
    var joint = Joint(labelCount: given.columnCount, documentCount: given.rowCount)
    joint.givenCounts = given.columnCounts()
    var present = [Double](repeating: 0, count: given.columnCount)
    var absent = present
    forEachPair(probabilities, given) { _, label, probability, isGiven in
      if isGiven { present[label] += probability } else { absent[label] += probability }
    }
    for label in 0..<given.columnCount {
      let (having, lacking) = joint.documentCounts(of: label)
      // No probability reaches 2: without documents nobody is sure of this side.
      joint.present[label] = having > 0 ? max(present[label] / having, Joint.least) : 2
      joint.absent[label] = lacking > 0 ? max(1 - absent[label] / lacking, Joint.least) : 2
    }
    var stored = [Int](repeating: 0, count: given.columnCount)
    var storedGiven = stored
    forEachPair(probabilities, given) { _, label, probability, isGiven in
      stored[label] += 1
      if isGiven { storedGiven[label] += 1 }
      joint.counts[label].add(joint.verdict(on: probability, label: label), isGiven: isGiven)
    }
    for label in 0..<given.columnCount {
      let (having, lacking) = joint.documentCounts(of: label)
      let verdict = joint.verdict(on: 0, label: label)
      joint.counts[label].add(
        verdict, isGiven: true, count: having - Double(storedGiven[label]))
      joint.counts[label].add(
        verdict, isGiven: false, count: lacking - Double(stored[label] - storedGiven[label]))
      joint.counts[label].lacking = max(joint.counts[label].lacking, 1)
      joint.counts[label].having = max(joint.counts[label].having, 1)
    }
    return joint
  }

  /// How suspicious a pair is, from 0 to 1.
  ///
  /// - Parameters:
  ///   - probability: that the document has the label.
  ///   - isGiven: whether it is said to have it.
  public func suspicion(
    of probability: Double, label: Int, isGiven: Bool, in joint: Joint
  ) -> Double {
    switch order {
    case .selfConfidence:
      return isGiven ? 1 - probability : probability
    case .adjusted:
      let (present, absent) = (joint.present[label], joint.absent[label])
      let shift = max(present, absent)
      let own = (probability - present + shift) / (1 - present - absent + 2 * shift)
      return isGiven ? 1 - own : own
    }
  }
}

/// Calls `body` with row, label, probability and whether the label is given, for each stored pair.
func forEachPair(
  _ probabilities: CSRMatrix, _ given: CSRMatrix, _ body: (Int, Int, Double, Bool) -> Void
) {
  var owner = [Int32](repeating: -1, count: given.columnCount)
  given.withUnsafeEntries { bounds, columns, _ in
    probabilities.withUnsafeEntries { pairBounds, labels, values in
      guard let values else { return }
      for row in 0..<given.rowCount {
        for entry in Int(bounds[row])..<Int(bounds[row + 1]) {
          owner[Int(columns[entry])] = Int32(row)
        }
        for entry in Int(pairBounds[row])..<Int(pairBounds[row + 1]) {
          let label = Int(labels[entry])
          body(row, label, Double(values[entry]), owner[label] == Int32(row))
        }
      }
    }
  }
}

private func checkProbabilities(_ probabilities: CSRMatrix, _ given: CSRMatrix) throws {
  precondition(
    probabilities.rowCount == given.rowCount && probabilities.columnCount == given.columnCount,
    "probabilities of \(probabilities.rowCount) documents and \(probabilities.columnCount) labels"
      + " for \(given.rowCount) and \(given.columnCount)")
  guard let values = probabilities.values else {
    throw InputError(
      file: "probabilities", reason: "pairs without values", expected: "a probability each")
  }
  let fault = values.withUnsafeBufferPointer { $0.firstIndex { !(0...1 ~= $0) } }
  if let fault {
    throw InputError(
      file: "probabilities", reason: "pair \(fault) has \(values[fault])", expected: "0 to 1")
  }
}
