import Datasets
import Evaluation
import Foundation
import Storage

extension EvaluationReport {
  /// The labels of a document that count as predicted in `writeLabels(to:)`, without a calibration.
  public static let predictedCount = 5

  /// Writes a table with a row per label, in the order of the model, then the labels that it does not
  /// know.
  ///
  /// The columns are label, text, training documents, test documents, true positives, false
  /// positives, precision, recall, F1 and average precision; see `LabelMetrics`. Decisions are those
  /// of the calibrated model, or else the first five labels of each document.
  ///
  /// - Parameter path: the file, tab-separated with a header, written atomically.
  /// - Throws: `FileError` if it cannot be written.
  public func writeLabels(to path: String) throws {
    let metrics = LabelMetrics.all(
      ranking: ranking,
      decisions: { row in
        assigned.map { Array($0.columns(ofRow: row)) }
          ?? Array(ranking.labels(ofRow: row).prefix(Self.predictedCount))
      }, truth: truth)
    let file = try AtomicFile(path: path)
    try file.write(
      "label\ttext\ttraining_documents\ttest_documents\ttrue_positives\tfalse_positives\t"
        + "precision\trecall\tf1\taverage_precision\n")
    for (label, own) in metrics.enumerated() {
      let percentages = [own.precision, own.recall, own.f1, own.averagePrecision].map {
        String(format: "%.2f", $0)
      }
      let counts = [
        trainingCounts[label], own.positives, own.truePositives, own.falsePositives,
      ]
      let fields =
        [labels.ids[label].asField, (labels.texts?[label] ?? "").asField] + counts.map(String.init)
        + percentages
      try file.write(fields.joined(separator: "\t") + "\n")
    }
    try file.commit()
  }
}
