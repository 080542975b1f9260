import Evaluation
import Extreme
import Foundation

extension EvaluationReport {
  /// Metrics by number of true labels, the way single-label classifiers are evaluated.
  func labelCountTable() throws -> String {
    let result = try MultiLabelAccuracy(
      ranking, truth: truth, largestCount: Self.largestLabelCount)
    var lines = ["true labels  documents   first true  of first k  all first k  (percent)"]
    for group in result.groups {
      let isOpen = group.labelCount == Self.largestLabelCount
      lines.append(Self.row(isOpen ? "\(group.labelCount)+" : "\(group.labelCount)", group))
    }
    lines.append(Self.row("all", result.whole))
    lines.append(String(format: "mean of the groups (ASMA) %23.2f", result.asma))
    return lines.joined(separator: "\n")
  }

  /// Documents with at least this many labels form one group.
  private static let largestLabelCount = 10

  private static func row(_ name: String, _ group: MultiLabelAccuracy.Group) -> String {
    String(repeating: " ", count: max(0, 11 - name.count)) + name
      + String(
        format: "%11d%13.2f%12.2f%13.2f", group.documents, group.real, group.variable, group.all)
  }

  /// The best pairs of each document if only some labels are ranked; else nil.
  func unrestrictedPairs() throws -> ScoredPairs? {
    try unrestrictedRanking.map { try ScoredPairs($0, truth: truth) }
  }

  /// F1 and calibration error for people; nil if the run is not calibrated.
  public func decisionTable() -> String? {
    decisions.map { "decisions of the calibrated model\n\($0.table())" }
  }

  /// The numbers for `json`.
  func decisionValues() throws -> [String: Double] {
    let accuracy = try MultiLabelAccuracy(
      ranking, truth: truth, largestCount: Self.largestLabelCount)
    var values = ["ReaL": accuracy.whole.real, "ASMA": accuracy.asma]
    guard let decisions else { return values }
    values["microF1"] = decisions.decisions.microF1
    values["macroF1"] = decisions.decisions.macroF1
    values["exampleF1"] = decisions.decisions.exampleF1
    values["labels_per_document"] = decisions.decisions.labelsPerDocument
    values["ECE"] = decisions.pairs.expected
    values["ECE@1"] = decisions.firstLabels.expected
    values["log_loss"] = decisions.pairs.logLoss
    return values
  }
}

extension RunCalibration.Quality {
  /// A short table for people.
  public func table() -> String {
    [
      String(
        format: "  F1 %9.2f micro%9.2f macro%9.2f example%9.2f labels a document",
        decisions.microF1, decisions.macroF1, decisions.exampleF1, decisions.labelsPerDocument),
      String(
        format: "  ECE %8.4f pairs%9.4f first labels;  log loss %.5f", pairs.expected,
        firstLabels.expected, pairs.logLoss),
    ].joined(separator: "\n")
  }

  /// The reliability of the top labels' probabilities, for people.
  public func reliabilityTable() -> String {
    var lines = ["  probability    count     mean    came true   (first labels)"]
    let width = 1 / Double(firstLabels.bins.count)
    for (index, bin) in firstLabels.bins.enumerated() where bin.count > 0 {
      lines.append(
        String(
          format: "  %.2f – %.2f%9d%9.3f%13.3f", Double(index) * width, Double(index + 1) * width,
          bin.count, bin.meanProbability, bin.frequency))
    }
    return lines.joined(separator: "\n")
  }
}
