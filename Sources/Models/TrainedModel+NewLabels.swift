import Datasets
import Extreme
import Foundation
public import Storage
public import Torch

extension TrainedModel {
  /// A label that the model was not trained on.
  public struct NewLabel: Codable, Hashable, Sendable {
    /// Its name.
    public var id: String
    /// Its description, in the words of the documents.
    public var text: String

    /// Creates a label.
    public init(id: String, text: String) {
      self.id = id
      self.text = text
    }

    /// Creates a label.
    public init(_ name: Name, text: String) { self.init(id: name.text, text: text) }
  }

  /// The same model with additional labels that are defined by their texts alone, after the others.
  ///
  /// A new label's vector has the direction of u / ‖u‖ + v / ‖v‖ and the mean length of the trained
  /// labels' vectors. u is the embedding of its text: as that of a label's text if the model learnt
  /// from label texts, else as that of a document. v is the mean of the vectors of the trained
  /// labels nearest to u, weighted by exp(cosine / 0.1): labels with similar texts have similar
  /// documents, and their vectors have learnt from documents. The bias is that of the mean frequency
  /// of the labels with at least five training documents. The wide part does not score a new label.
  ///
  /// The rules are ours; `Benchmarks/results/new-labels.md` has their measurements.
  ///
  /// - Throws: `InputError` if a label exists already or its name is invalid, if its text contains
  ///   nothing that the model knows, or if the model was trained on features.
  public func adding(_ labels: [NewLabel]) throws -> TrainedModel {
    guard !labels.isEmpty else { return self }
    let labels = try attributingErrors(to: folder.path) {
      try labels.map {
        NewLabel(try Name($0.id, of: "label", from: folder.path), text: $0.text)
      }
    }
    var known = Set(labelIDs)
    for label in labels where !known.insert(label.id).inserted {
      throw InputError(
        file: folder.path, reason: "there is a label \"\(label.id)\" already",
        expected: "distinct names")
    }
    try refuseUnless(hasTexts: true, file: folder.path)
    var result = self
    result.scorer = try scorerAdding(labels)
    result.others = try others.map { model in
      var grown = model
      grown.scorer = try model.scorerAdding(labels)
      grown.labelIDs += labels.map(\.id)
      grown.addedLabelTexts += labels.map(\.text)
      return grown
    }
    result.labelIDs += labels.map(\.id)
    result.candidates = candidates.map { $0 + labels.map { _ in true } }
    result.addedLabelTexts += labels.map(\.text)
    result.adjustment = adjustment.map { adjustment in
      .concatenated([
        adjustment, Tensor([Float](repeating: Self.median(adjustment), count: labels.count)),
      ])
    }
    return result
  }

  /// The same model without some of the labels that `adding(_:)` added.
  ///
  /// The other labels keep their order and their scores.
  ///
  /// - Throws: `ValueError` if a name does not belong to an added label.
  public func removing(_ ids: Set<String>) throws -> TrainedModel {
    let firstAdded = labelIDs.count - addedLabelTexts.count + untrainedCount
    let removed = ids.subtracting(labelIDs[firstAdded...])
    guard removed.isEmpty else {
      throw ValueError(
        "labels", reason: "\"\(removed.sorted()[0])\" was not added to the model",
        expected: "the names of added labels")
    }
    guard !ids.isEmpty else { return self }
    let kept = labelIDs.indices.filter { $0 < firstAdded || !ids.contains(labelIDs[$0]) }
    var result = keeping(kept)
    result.others = others.map { $0.keeping(kept) }
    return result
  }

  /// The same model, other than its `others`, with the labels at these ascending indices.
  private func keeping(_ kept: [Int]) -> TrainedModel {
    var result = self
    result.scorer = scorer.keeping(kept)
    result.labelIDs = kept.map { labelIDs[$0] }
    result.candidates = candidates.map { candidates in kept.map { candidates[$0] } }
    let stored = labelIDs.count - addedLabelTexts.count
    result.addedLabelTexts = kept.drop { $0 < stored }.map { addedLabelTexts[$0 - stored] }
    result.adjustment = adjustment.map { $0.gathered(rows: Tensor(kept)) }
    return result
  }

  /// The embeddings, `[labels, D]`, and biases, `[labels]`, that score labels defined by their
  /// texts alone; see `adding(_:)`.
  ///
  /// Names may be those of labels that the model knows.
  ///
  /// - Throws: `InputError` if a text contains nothing that the model knows, or if the model was
  ///   trained on features.
  public func vectors(of labels: [NewLabel]) throws -> (embeddings: Tensor, biases: Tensor?) {
    try refuseUnless(hasTexts: true, file: folder.path)
    let grown = try scorerAdding(labels)
    let rows = labelIDs.count..<labelIDs.count + labels.count
    return (grown.labelVectors[rows], grown.bias.map { $0[rows] })
  }

  private func scorerAdding(_ labels: [NewLabel]) throws -> Scorer {
    let texts = labels.map(\.text)
    let bags = try features.bags(ofTexts: texts)
    for (row, label) in labels.enumerated()
    where transformer == nil && bags.columns(ofRow: row).isEmpty {
      throw InputError(
        file: folder.path,
        reason: "the model knows no word of the text of label \"\(label.id)\", \"\(label.text)\"",
        expected: "a text in the words of the training documents")
    }
    let vectors = try Runtime.withThreads(threads) {
      try checked { try withoutGradients { try labelVectors(of: texts, bags) } }
    }
    let common = try scorer.bias.map(bias(amongTrained:)) ?? 0
    return scorer.adding(vectors, biases: [Float](repeating: common, count: labels.count))
  }

  /// The number of labels that the model was trained on.
  var trainedCount: Int { max(1, min(record.labels, labelIDs.count)) }

  private func labelVectors(of texts: [String], _ bags: CSRMatrix) throws -> Tensor {
    try scorer.vectors(
      ofUntrained: bags, vectors: transformer?.vectors(of: texts), trainedCount: trainedCount,
      areLabelTexts: configuration.model.labels != .free)
  }

  private func bias(amongTrained biases: Tensor) throws -> Float {
    Scorer.bias(
      ofUntrainedAmong: biases[0..<trainedCount],
      counts: folder.has(folder.counts) ? try files.read([Int].self, from: folder.counts) : [])
  }

  private static func median(_ values: Tensor) -> Float {
    let sorted = values.array(of: Float.self).sorted()
    return sorted[sorted.count / 2]
  }
}
