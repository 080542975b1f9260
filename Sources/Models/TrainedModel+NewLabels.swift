import Datasets
import Extreme
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
  /// If labels were learnt from their texts, a new label's vector is the encoder's embedding of its
  /// text, as in training. If labels have free vectors, the text is embedded like a document and
  /// scaled to the mean length of label vectors: good enough to find documents with the same
  /// content, less exact than a label with training documents. The bias is the median of all
  /// labels, so that a new label competes like one of medium frequency; the wide part does not
  /// score it.
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
      return grown
    }
    result.labelIDs += labels.map(\.id)
    result.adjustment = adjustment.map { adjustment in
      .concatenated([
        adjustment, Tensor([Float](repeating: Self.median(adjustment), count: labels.count)),
      ])
    }
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
    return scorer.adding(vectors, bias: scorer.bias.map(Self.median) ?? 0)
  }

  private func labelVectors(of texts: [String], _ bags: CSRMatrix) throws -> Tensor {
    let own = transformer?.vectors(of: texts)
    guard configuration.model.labels == .free else {
      return try scorer.embeddings(ofLabelTexts: bags, vectors: own)
    }
    let directions = try scorer.embeddings(of: bags, vectors: own).normalized(along: -1)
    return directions * scorer.labelVectors.norm(along: -1).mean().scalar
  }

  private static func median(_ values: Tensor) -> Float {
    let sorted = values.array(of: Float.self).sorted()
    return sorted[sorted.count / 2]
  }
}
