import Datasets
import Evaluation
import Foundation
import Torch

/// The documents that a report is about, with what the model made of them.
struct JudgedDocuments {
  let report: EvaluationReport
  let dataset: Dataset
  /// Where the data set lies.
  let path: String
  /// The documents, in the order of the ranking's rows.
  let rows: MappedArray<Int32>
  /// The names of the ranking's labels, and behind them of those that the model does not know.
  let labelNames: [String]
  /// What the labels mean, in the same order; empty where nothing says so.
  let labelTexts: [String]
  /// How many training documents have each.
  let labelCounts: [Int]

  /// Ranks the labels of some documents.
  ///
  /// - Parameter split: which ones; nil as `TrainedModel.evaluate` has it.
  /// - Throws: as `TrainedModel.evaluate` does.
  init(_ model: TrainedModel, split: TrainedModel.SplitName?, datasetPath: String?) throws {
    let part = try model.judgedPart(split, datasetPath: datasetPath, badLines: nil)
    report = try model.evaluate(part)
    path = part.path
    dataset = part.dataset
    rows = part.split.documentIndices
    let columns = try model.columns(for: dataset.labels)
    var names =
      model.labelIDs + [String](repeating: "", count: columns.count - model.labelIDs.count)
    var texts = [String](repeating: "", count: columns.count)
    for label in 0..<dataset.labels.count {
      let column = columns.ofLabel[label]
      names[column] = dataset.labels.ids[label]
      if let own = dataset.labels.texts { texts[column] = own[label] }
    }
    (labelNames, labelTexts) = (names, texts)
    labelCounts = try model.trainingCounts(part, columns).labels
  }

  /// The name of a row's document.
  func name(ofRow row: Int) -> String { dataset.documents.ids[Int(rows[row])] }

  /// The beginning of a row's document: its text, or its weightiest features.
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

  /// The true labels of a row, each once.
  func truth(ofRow row: Int) -> [Int] {
    var seen: Set<Int32> = []
    return report.truth.columns(ofRow: row).filter { seen.insert($0).inserted }.map(Int.init)
  }

  /// How good a row's ranking is: the share of its k true labels among its first k.
  func share(ofRow row: Int) -> Double? {
    let wanted = Set(truth(ofRow: row))
    guard !wanted.isEmpty else { return nil }
    let hits = report.ranking.labels(ofRow: row).prefix(wanted.count)
      .count { wanted.contains(Int($0)) }
    return Double(hits) / Double(wanted.count)
  }
}
