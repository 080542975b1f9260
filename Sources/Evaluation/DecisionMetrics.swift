public import Storage

/// The quality of yes-or-no decisions on the labels of each document.
///
/// With h hits, g predicted labels and t true labels: precision h / g, recall h / t, F1 2 h / (g +
/// t). Micro: over all decisions together. Macro: the mean over the labels with a true document.
/// Example: the mean over documents. 0 / 0 is 0 for labels and for all decisions together; a
/// document without true and predicted labels counts as correct, with 1. All values are
/// percentages.
public struct DecisionMetrics: Codable, Hashable, Sendable {
  /// Over all decisions together, in percent.
  public var microPrecision, microRecall, microF1: Double
  /// The mean over labels, in percent.
  public var macroF1: Double
  /// The mean over documents, in percent.
  public var exampleF1: Double
  /// The mean number of predicted labels per document.
  public var labelsPerDocument: Double

  /// Compares decisions with the true labels.
  ///
  /// - Parameters:
  ///   - decisions: `[documents, labels]`; an entry is a predicted label.
  ///   - truth: `[documents, labels]`. A repeated label counts once in either matrix.
  /// - Throws: `ValueError` when the shapes differ.
  /// - Complexity: O(entries + labels).
  public init(decisions: CSRMatrix, truth: CSRMatrix) throws {
    guard decisions.rowCount == truth.rowCount, decisions.columnCount == truth.columnCount else {
      throw ValueError(
        "decisions",
        reason: "\(decisions.rowCount) documents and \(decisions.columnCount) labels",
        expected: "\(truth.rowCount) and \(truth.columnCount), as in the truth")
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
