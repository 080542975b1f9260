import Datasets
import Evaluation
import Foundation
import Models
import Storage

/// The evaluated documents of a report, with the model's predictions.
struct JudgedDocuments {
  let report: EvaluationReport
  let dataset: Dataset
  /// The path of the data set.
  let path: String
  /// The documents, in the order of the ranking's rows.
  let rows: MappedArray<Int32>
  /// The names of the ranking's labels, followed by those that the model does not know.
  let labelNames: [String]
  /// Descriptions of the labels, in the same order; empty if there are none.
  let labelTexts: [String]
  /// The number of training documents with each label.
  let labelCounts: [Int]

  /// Ranks the labels of some documents.
  ///
  /// - Parameter split: the part to evaluate; nil as in `TrainedModel.evaluate`.
  /// - Throws: the errors of `TrainedModel.evaluate`.
  init(_ model: TrainedModel, split: TrainedModel.SplitName?, datasetPath: String?) throws {
    let part = try model.judgedPart(split, datasetPath: datasetPath, badLines: nil)
    report = try model.evaluate(part)
    path = part.path
    dataset = part.dataset
    rows = part.split.documentIndices
    labelNames = Array(report.labels.ids)
    labelTexts =
      report.labels.texts.map(Array.init) ?? [String](repeating: "", count: labelNames.count)
    labelCounts = report.trainingCounts
  }

  /// The short form of a label's text, or its name if there is none or the text begins with it.
  func shown(_ label: Int) -> String { labelTexts[label].title(of: labelNames[label], 60) }

  /// The name of a row's document.
  package func name(ofRow row: Int) -> String { dataset.documents.ids[Int(rows[row])] }

  /// The start of a row's document: its text, or its features with the largest weights.
  func snippet(ofRow row: Int, length: Int) -> String {
    let document = Int(rows[row])
    switch dataset.documents.content {
    case .texts(let texts): return texts[document].snippet(length)
    case .features(let matrix, let names):
      let entries = matrix.entries(ofRow: document).sorted {
        (-abs(matrix.values?[$0] ?? 1), $0) < (-abs(matrix.values?[$1] ?? 1), $1)
      }
      return entries.prefix(20).map { names[Int(matrix.columns[$0])] }.joined(separator: ", ")
        .snippet(length)
    }
  }

  /// The true labels of a row, without duplicates.
  func truth(ofRow row: Int) -> [Int] {
    var seen: Set<Int32> = []
    return report.truth.columns(ofRow: row).filter { seen.insert($0).inserted }.map(Int.init)
  }

  /// The quality of a row's ranking: the share of its k true labels among its top k.
  func share(ofRow row: Int) -> Double? {
    let wanted = Set(truth(ofRow: row))
    guard !wanted.isEmpty else { return nil }
    let hits = report.ranking.labels(ofRow: row).prefix(wanted.count)
      .count { wanted.contains(Int($0)) }
    return Double(hits) / Double(wanted.count)
  }
}
