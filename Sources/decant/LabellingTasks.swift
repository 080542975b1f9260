import ArgumentParser
import Datasets
import Foundation
import Models
import Storage

/// Documents to label, in the forms that people and programs read.
struct LabellingTasks {
  /// A program in which people label documents.
  enum Program: String, ExpressibleByArgument, CaseIterable {
    case labelStudio = "label-studio"
    case argilla
  }

  private let candidates: [TrainedModel.LabellingCandidate]
  private let documents: Documents
  /// The name of the model in the tasks.
  private let agent: String
  /// Whether a document has exactly one label.
  private let isSingle: Bool
  private let threshold: Double

  init(
    _ candidates: [TrainedModel.LabellingCandidate], of documents: Documents, agent: String,
    labels calibration: RunCalibration
  ) {
    self.candidates = candidates
    self.documents = documents
    self.agent = agent
    isSingle = calibration.settings.method == .softmax
    threshold = calibration.threshold
  }

  private func text(_ candidate: TrainedModel.LabellingCandidate) -> String {
    documents.texts?[candidate.index] ?? ""
  }

  /// The labels to suggest: those that the model assigns, or the most probable one.
  private func suggested(_ candidate: TrainedModel.LabellingCandidate)
    -> [TrainedModel.Prediction.Label]
  {
    let best = Array(candidate.labels.prefix(1))
    guard !isSingle else { return best }
    let assigned = candidate.labels.filter { $0.probability ?? 0 >= threshold }
    return assigned.isEmpty ? best : assigned
  }

  /// A table for people.
  func table() -> String {
    var result = ""
    for candidate in candidates {
      result += String(format: "%.3f  ", candidate.uncertainty)
      result += documents.ids[candidate.index].onOneLine + "  "
      let text = text(candidate).onOneLine
      result += (text.count > 100 ? text.prefix(99) + "…" : text) + "\n"
      for label in candidate.labels.prefix(3) {
        result += String(format: "  %6.3f  ", label.probability ?? 0) + label.id.onOneLine + "\n"
      }
    }
    return result
  }

  /// One object per document.
  func jsonl() -> String {
    candidates.map { candidate in
      JSONValue.record([
        ("id", .string(documents.ids[candidate.index])), ("text", .string(text(candidate))),
        ("uncertainty", .probability(candidate.uncertainty)),
        (
          "labels",
          .list(
            candidate.labels.map {
              .record([
                ("id", .string($0.id)), ("probability", .probability($0.probability ?? 0)),
              ])
            })
        ),
      ]).json + "\n"
    }.joined()
  }

  /// A table with a header, and the most probable label of each document.
  func tsv() -> String {
    let header = ["id", "uncertainty", "label", "probability", "text"]
    let rows = candidates.map { candidate in
      [
        documents.ids[candidate.index], rounded(candidate.uncertainty, places: 6),
        candidate.labels.first?.id ?? "",
        rounded(candidate.labels.first?.probability ?? 0, places: 6), text(candidate),
      ]
    }
    return ([header] + rows).map { $0.map(\.asField).joined(separator: "\t") + "\n" }.joined()
  }

  /// The tasks that a program imports.
  func json(for program: Program) -> String {
    let tasks = candidates.map { candidate in
      program == .argilla ? argilla(candidate) : labelStudio(candidate)
    }
    return "[\n" + tasks.map(\.json).joined(separator: ",\n") + "\n]\n"
  }

  /// A task of Label Studio, for a labelling interface with a text `text` and choices `labels`.
  ///
  /// - Source: <https://labelstud.io/guide/predictions>.
  private func labelStudio(_ candidate: TrainedModel.LabellingCandidate) -> JSONValue {
    let labels = suggested(candidate)
    let mean =
      labels.reduce(0) { $0 + ($1.probability ?? 0) } / Double(max(labels.count, 1))
    let result = JSONValue.record([
      ("from_name", .string("labels")), ("to_name", .string("text")), ("type", .string("choices")),
      ("value", .record([("choices", .list(labels.map { .string($0.id) }))])),
    ])
    return .record([
      (
        "data",
        .record([
          ("id", .string(documents.ids[candidate.index])), ("text", .string(text(candidate))),
        ])
      ),
      (
        "predictions",
        .list([
          .record([
            ("model_version", .string(agent)), ("score", .probability(mean)),
            ("result", .list([result])),
          ])
        ])
      ),
    ])
  }

  /// A record of Argilla, for a dataset with a text field `text` and a question `labels`.
  ///
  /// - Source: `Record.from_dict` of argilla 2.8.0.
  private func argilla(_ candidate: TrainedModel.LabellingCandidate) -> JSONValue {
    let labels = suggested(candidate)
    let names = labels.map { JSONValue.string($0.id) }
    let scores = labels.map { JSONValue.probability($0.probability ?? 0) }
    return .record([
      ("id", .string(documents.ids[candidate.index])),
      ("fields", .record([("text", .string(text(candidate)))])),
      ("metadata", .record([("uncertainty", .probability(candidate.uncertainty))])),
      (
        "suggestions",
        .record([
          (
            "labels",
            .record([
              ("value", isSingle ? names.first ?? .null : .list(names)),
              ("score", isSingle ? scores.first ?? .null : .list(scores)),
              ("agent", .string(agent)),
            ])
          )
        ])
      ),
    ])
  }
}

extension JSONValue {
  fileprivate static func record(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { Member($0.0, .init($0.1)) })
  }

  fileprivate static func list(_ values: [JSONValue]) -> JSONValue {
    .array(values.map { Element($0) })
  }

  fileprivate static func probability(_ value: Double) -> JSONValue {
    .number(rounded(value, places: 6))
  }
}
