public import Evaluation
import Foundation
public import Torch

/// How good a run is, and what it cost.
public struct EvaluationReport: Sendable {
  /// The ranking metrics, in percent.
  public var metrics: RankingResult
  /// How much rare labels counted in the propensity-scored metrics.
  public var propensity: InversePropensity
  /// "test", "validation", "train" or "all".
  public var split: String
  /// Which epoch's model was judged.
  public var epoch: KeptEpoch
  /// What the training came to.
  public var record: RunRecord
  /// The number of documents that were judged.
  public var documents: Int
  /// The number of documents of the whole data set.
  public var documentsInAll: Int
  /// How much of the truth the model could say.
  let known: KnownLabels
  /// The number of pairs of a document and a label that were taken out of the predictions.
  public var filterPairs: Int
  /// Seconds on the wall to rank them, features included.
  public var predictionSeconds: Double
  /// What a reader of the numbers should know, a sentence each.
  public var notes: [String]
  /// The best labels of each document, at most 100; labels in the order of the model.
  public var ranking: TopK
  /// `[documents, labels]`; labels that the model does not know stand behind its own.
  public var truth: CSRMatrix
  /// Whether the model knows anything of each document; see `TrainedModel.Prediction.isKnown`.
  public var isKnown: [Bool]
  /// What a calibration makes of it; nil without one.
  public var decisions: RunCalibration.Quality?

  private static let shown = [
    "P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "R@10", "R@100",
  ]

  /// What is computed: the usual table, and the means over labels.
  static let metrics = RankingMetrics.standardMetrics + macroMetrics.flatMap { $0 }

  /// Macro precision, recall and F1, each at 1, 3 and 5.
  static let macroMetrics = [RankingMetric.Kind.macroPrecision, .macroRecall, .macroF1].map {
    kind in [1, 3, 5].map { RankingMetric(kind, at: $0) }
  }

  /// One object on one line: numbers by name, `"split"`, `"notes"`, and the groups `"macro"` (means over labels),
  /// `"deciles"` (ten groups of labels, frequent ones first) and `"propensity"` (A and B).
  public func json() throws -> String {
    var values: [String: Double] = [:]
    for name in Self.shown { values[name] = metrics[name] }
    values["train_seconds"] = record.trainSeconds
    values["train_cpu_seconds"] = record.trainCPUSeconds
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

  /// The epoch (from 1) that was judged; nil when the record does not tell.
  private var epochNumber: Int? {
    epoch == .best || !record.validationIsHeldOut ? record.keptEpoch : record.lastEpoch
  }

  private struct Groups: Encodable {
    var macro: [String: Double]
    var deciles: [RankingResult.Decile]
    var propensity: [String: Double]
    var split: String
    var notes: [String]
  }

  /// Numbers and groups side by side in one object.
  private struct Object: Encodable {
    var values: [String: Double]
    var groups: Groups

    func encode(to encoder: any Encoder) throws {
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
        format: "trained in %.1f s (%.1f s of processor time), at most %.0f MB, %d parameters",
        record.trainSeconds, record.trainCPUSeconds, Double(record.peakMemoryBytes) / 1e6,
        record.parameters))
    lines.append(
      String(
        format: "ranked in %.3f ms a document",
        predictionSeconds * 1000 / Double(max(documents, 1))))
    return lines.joined(separator: "\n")
  }
}
