public import Datasets
public import Evaluation
import Foundation
import Storage

/// Metrics of a ranking and of decisions that count the labels above the predicted and true ones.
public struct HierarchyQuality: Hashable, Sendable {
  /// The first k labels of every document, by k.
  public var first: [Int: HierarchicalMetrics]
  /// The decisions of the calibrated model; nil without a calibration.
  public var assigned: HierarchicalMetrics?

  /// The numbers of first labels.
  static let cutoffs = [1, 3, 5]

  /// Judges an evaluation.
  public init(_ report: EvaluationReport, in hierarchy: LabelHierarchy) {
    func metrics(_ predicted: (Int) -> ArraySlice<Int32>) -> HierarchicalMetrics {
      HierarchicalMetrics(predicted: predicted, truth: report.truth, parents: hierarchy.parents)
    }
    first = Dictionary(
      Self.cutoffs.map { cutoff in
        (cutoff, metrics { report.ranking.labels(ofRow: $0).prefix(cutoff) })
      }, uniquingKeysWith: { first, _ in first })
    assigned = report.assigned.map { decisions in
      metrics { Array(decisions.columns(ofRow: $0))[...] }
    }
  }

  /// The numbers for JSON: `hP@1`, `hR@1`, `hF@1` and so on; `hP`, `hR` and `hF` of decisions.
  var values: [String: Double] {
    var values: [String: Double] = [:]
    func add(_ metrics: HierarchicalMetrics, _ suffix: String) {
      values["hP" + suffix] = metrics.precision
      values["hR" + suffix] = metrics.recall
      values["hF" + suffix] = metrics.f1
    }
    for (cutoff, metrics) in first { add(metrics, "@\(cutoff)") }
    if let assigned { add(assigned, "") }
    return values
  }

  /// A table for people.
  public func table() -> String {
    func row(_ name: String, _ metrics: HierarchicalMetrics) -> String {
      "  " + name + String(repeating: " ", count: max(0, 24 - name.count))
        + String(format: "%8.2f%8.2f%8.2f", metrics.precision, metrics.recall, metrics.f1)
    }
    var lines = ["with the labels above them      hP      hR      hF"]
    for (cutoff, metrics) in first.sorted(by: { $0.key < $1.key }) {
      lines.append(row(cutoff == 1 ? "first label" : "first \(cutoff)", metrics))
    }
    if let assigned { lines.append(row("assigned", assigned)) }
    return lines.joined(separator: "\n")
  }
}
