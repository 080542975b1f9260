public import Datasets
public import Evaluation
import Foundation
public import Storage

/// The quality and the cost of a run.
public struct EvaluationReport: Sendable {
  /// The ranking metrics, in percent.
  public var metrics: RankingResult
  /// The propensity model of the propensity-scored metrics.
  public var propensity: InversePropensity
  /// "test", "validation", "train" or "all".
  public var split: String
  /// The epoch whose model was evaluated.
  public var epoch: KeptEpoch
  /// A summary of the training run.
  public var record: RunRecord
  /// The number of evaluated documents.
  public var documents: Int
  /// The number of documents in the whole data set.
  public var documentsInAll: Int
  /// How many of the true labels the model knows.
  let known: KnownLabels
  /// The number of (document, label) pairs removed from the predictions.
  public var filterPairs: Int
  /// Wall-clock seconds for ranking, feature extraction included.
  public var predictionSeconds: Double
  /// Remarks that a reader of the numbers should know, one sentence each.
  public var notes: [String]
  /// The top labels of each document, at most 100, as label indices of the model.
  public var ranking: TopK
  /// The ranking of all labels if only some are ranked, which probabilities depend on; else nil.
  let unrestrictedRanking: TopK?
  /// `[documents, labels]`; labels unknown to the model come after its own.
  public var truth: CSRMatrix
  /// The labels of the columns of `truth`, with the texts and details that the data set has.
  public var labels: Labels
  /// The number of training documents with each label of `truth`.
  public var trainingCounts: [Int]
  /// Whether the model knows any feature of each document; see `TrainedModel.Prediction.isKnown`.
  public var isKnown: [Bool]
  /// The quality of the calibrated decisions; nil without a calibration.
  public var decisions: RunCalibration.Quality?
  /// The labels that the calibrated model assigns to each document, `[documents, labels]`; nil without
  /// a calibration.
  public var assigned: CSRMatrix?
  /// Metrics that count the labels above the predicted and true ones; nil without a hierarchy.
  public var hierarchy: HierarchyQuality?

  private static let shown = [
    "P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "R@10", "R@100",
  ]

  /// The metrics to compute: the standard table, and means over labels.
  static let metrics = RankingMetrics.standardMetrics + macroMetrics.flatMap { $0 }

  /// Macro precision, recall and F1, each at 1, 3 and 5.
  static let macroMetrics = [RankingMetric.Kind.macroPrecision, .macroRecall, .macroF1].map {
    kind in [1, 3, 5].map { RankingMetric(kind, at: $0) }
  }

  /// One JSON object on one line: numbers by name, `"split"`, `"notes"`, and the groups `"macro"`
  /// (means over labels), `"deciles"` (ten groups of labels, most frequent first) and
  /// `"propensity"` (A and B).
  public func json() throws -> String {
    var values: [String: Double] = [:]
    for name in Self.shown { values[name] = metrics[name] }
    values["train_seconds"] = record.trainSeconds
    values["train_cpu_seconds"] = record.trainCPUSeconds
    values["pilot_cpu_seconds"] = record.pilotCPUSeconds
    values["preparation_seconds"] = record.preparationSeconds
    values["preparation_cpu_seconds"] = record.preparationCPUSeconds
    values["peak_memory_bytes"] = Double(record.peakMemoryBytes)
    values["parameters"] = Double(record.parameters)
    values["documents"] = Double(documents)
    values["documents_in_all"] = Double(documentsInAll)
    values["labels"] = Double(known.labels)
    values["unknown_labels"] = Double(known.unknownLabels)
    values["pairs"] = Double(known.pairs)
    values["unknown_pairs"] = Double(known.unknownPairs)
    values["prediction_seconds"] = predictionSeconds
    values["filter_pairs"] = Double(filterPairs)
    values["epoch"] = epochNumber.map(Double.init)
    values.merge(try decisionValues()) { first, _ in first }
    values.merge(hierarchy?.values ?? [:]) { first, _ in first }
    let groups = Groups(
      macro: Dictionary(
        Self.macroMetrics.joined().map { ($0.description, metrics[$0] ?? .nan) }
      ) { $1 },
      deciles: metrics.deciles, propensity: ["a": propensity.exponent, "b": propensity.offset],
      split: split, notes: notes)
    return String(
      decoding: try JSONEncoder.stable.encode(Object(values: values, groups: groups)),
      as: UTF8.self)
  }

  /// The evaluated epoch, from 1; nil if it is not recorded.
  private var epochNumber: Int? {
    epoch == .best || !record.validationIsHeldOut ? record.keptEpoch : record.lastEpoch
  }

  private struct Groups: Encodable {
    var macro: [String: Double]
    var deciles: [RankingResult.Decile]
    var propensity: [String: Double]
    package var split: String
    var notes: [String]
  }

  /// Encodes numbers and groups into one object.
  private struct Object: Encodable {
    var values: [String: Double]
    var groups: Groups

    package func encode(to encoder: any Encoder) throws {
      try values.encode(to: encoder)
      try groups.encode(to: encoder)
    }
  }

  /// A table for people.
  public func table() -> String {
    let isAll = split == TrainedModel.SplitName.all.rawValue
    var lines = [
      (isAll ? "all \(documents) documents" : "\(documents) \(split) documents")
        + (filterPairs > 0 ? ", \(filterPairs) filter pairs" : "")
    ]
    for name in Self.shown {
      let padded = name + String(repeating: " ", count: 8 - name.count)
      lines.append("  " + padded + String(format: "%6.2f", metrics[name] ?? .nan))
    }
    lines.append(
      String(
        format: "trained in %.1f s (%.1f s CPU), at most %.0f MB, %d parameters",
        record.trainSeconds, record.trainCPUSeconds, Double(record.peakMemoryBytes) / 1e6,
        record.parameters))
    lines.append(
      String(
        format: "ranked in %.3f ms per document",
        predictionSeconds * 1000 / Double(max(documents, 1))))
    return lines.joined(separator: "\n")
  }
}
