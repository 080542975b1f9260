public import Torch

/// How good a set of labels a document is, where each label is given or not.
///
/// With hits h, labels given g and true labels t: precision h / g, recall h / t, F1 2 h / (g + t).
/// Micro: of all decisions together. Macro: the mean over the labels with a true document. Example:
/// the mean over documents. 0 / 0 is 0 for labels and for all together; a document that has no
/// label and gets none is right, with 1. All values are in percent.
public struct DecisionMetrics: Codable, Hashable, Sendable {
  /// Of all decisions together, in percent.
  public var microPrecision, microRecall, microF1: Double
  /// The mean over labels, in percent.
  public var macroF1: Double
  /// The mean over documents, in percent.
  public var exampleF1: Double
  /// Labels given to a document, on average.
  public var labelsPerDocument: Double

  /// Compares decisions with the truth.
  ///
  /// - Parameters:
  ///   - decisions: `[documents, labels]`; an entry is a label given.
  ///   - truth: `[documents, labels]`. A label listed twice counts once in either.
  /// - Throws: `InputError` when the shapes differ.
  /// - Complexity: O(entries + labels).
  public init(decisions: CSRMatrix, truth: CSRMatrix) throws {
    guard decisions.rowCount == truth.rowCount, decisions.columnCount == truth.columnCount else {
      throw InputError(
        file: "decisions",
        reason: "\(decisions.rowCount) documents and \(decisions.columnCount) labels",
        expected: "\(truth.rowCount) and \(truth.columnCount), as the truth has")
    }
    let labels = truth.columnCount
    var (hits, given, wanted) = (
      [Int](repeating: 0, count: labels), [Int](repeating: 0, count: labels),
      [Int](repeating: 0, count: labels)
    )
    var sum = 0.0
    for row in 0..<truth.rowCount {
      let own = Set(truth.columns(ofRow: row))
      let decided = Set(decisions.columns(ofRow: row))
      for label in own { wanted[Int(label)] += 1 }
      for label in decided {
        given[Int(label)] += 1
        if own.contains(label) { hits[Int(label)] += 1 }
      }
      let all = own.count + decided.count
      sum += all == 0 ? 1 : 2 * Double(own.intersection(decided).count) / Double(all)
    }
    func percent(_ a: Double, of b: Double) -> Double { b > 0 ? 100 * a / b : 0 }
    let (h, g, t) = (
      Double(hits.reduce(0, +)), Double(given.reduce(0, +)), Double(wanted.reduce(0, +))
    )
    microPrecision = percent(h, of: g)
    microRecall = percent(h, of: t)
    microF1 = percent(2 * h, of: g + t)
    let present = (0..<labels).filter { wanted[$0] > 0 }
    macroF1 = percent(
      present.reduce(0) { $0 + 2 * Double(hits[$1]) / Double(given[$1] + wanted[$1]) },
      of: Double(present.count))
    exampleF1 = percent(sum, of: Double(truth.rowCount))
    labelsPerDocument = truth.rowCount > 0 ? g / Double(truth.rowCount) : 0
  }
}
