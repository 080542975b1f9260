import Foundation
public import Storage
import Torch

/// Finds labels that are probably wrong or missing, from a model's out-of-sample probabilities.
///
/// Each label l is treated separately. With p(i, l) a probability from a model not trained on
/// document i, and N₁(l), N₀(l) the documents that have and lack the label:
///
///     t₁(l) = mean of p over N₁(l)          t₀(l) = mean of 1 − p over N₀(l)
///     present:  p ≥ t₁, and p > 1 − p if also 1 − p ≥ t₀
///     lacking:  1 − p ≥ t₀, and 1 − p ≥ p if also p ≥ t₁
///     C(l)[given][predicted] = the number of confident documents, at least 1 on the diagonal
///
/// Documents off the diagonal are the errors: given but confidently lacking (wrong), not given but
/// confidently present (missing). C with its rows scaled to N₀ and N₁ estimates how many errors
/// there are.
///
/// Only some pairs need to be stored, such as each document's top hundred labels and those given;
/// all others count as probability 0. The result is exactly that of the dense matrix with these
/// zeros.
///
/// - Paper: Northcutt, Jiang, Chuang. Confident Learning: Estimating Uncertainty in Dataset Labels.
///   JAIR 70, 2021. <https://arxiv.org/abs/1911.00068>; of single labels against the rest as in
///   Thyagarajan and others. Identifying Incorrect Annotations in Multi-Label Classification Data.
///   2022. <https://arxiv.org/abs/2211.13895>
/// - Gradient: none; probabilities are only compared.
/// - Units: probabilities; counts of documents.
/// - Departures: sparse, as above. Thresholds are at least 2e-6 and comparisons have a tolerance of
///   1e-6, both as in the authors' code; estimated counts are not rounded.
/// - Complexity: O(stored pairs + documents + labels) time, O(labels) memory in addition to the
///   pairs.
public struct ConfidentLearning: Codable, Hashable, Sendable {
  /// The ranking score of errors.
  public enum Order: String, Codable, Hashable, Sendable, CaseIterable {
    /// 1 − p of the given label: the same for all labels.
    case selfConfidence
    /// Section 3.2 of the paper: p minus the label's threshold, rescaled to sum to 1.
    case adjusted
  }

  /// The ranking score of errors.
  public var order: Order
  /// Creates a finder; for the default, see Benchmarks/results/audit.md.
  public init(order: Order = .selfConfidence) { self.order = order }

  /// Counts the confident documents.
  ///
  /// - Parameters:
  ///   - probabilities: `[documents, labels]` with values; a column at most once per row.
  ///   - given: `[documents, labels]`; values are ignored, a column at most once per row.
  /// - Throws: `ValueError` if a value is not a probability, or if there are no values.
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
      // No probability reaches 2: without such documents nothing is confident on this side.
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

  /// How suspicious a given or missing label is, from 0 to 1.
  ///
  /// - Parameters:
  ///   - probability: the probability that the document has the label.
  ///   - isGiven: whether the label is given.
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

/// Calls `body` with the row, the label, the probability and whether the label is given, for each
/// stored pair.
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
    throw ValueError(
      "probabilities", reason: "pairs without values", expected: "a probability each")
  }
  let fault = values.withUnsafeBufferPointer { $0.firstIndex { !(0...1 ~= $0) } }
  if let fault {
    throw ValueError(
      "probabilities", reason: "pair \(fault) has \(values[fault])", expected: "0 to 1")
  }
}
