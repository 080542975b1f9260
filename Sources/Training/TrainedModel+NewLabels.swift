import Datasets
import Learning
public import Torch

extension TrainedModel {
  /// A label that the model was not trained on.
  public struct NewLabel: Codable, Hashable, Sendable {
    /// Its name.
    public var id: String
    /// What it means, in the words of the documents.
    public var text: String

    /// Names a label.
    public init(id: String, text: String) {
      self.id = id
      self.text = text
    }

    /// Names a label.
    public init(_ name: Name, text: String) { self.init(id: name.text, text: text) }
  }

  /// The same model with labels that are known by their texts alone, behind the others.
  ///
  /// Where labels were learnt from their texts, a new one's vector is what the encoder makes of its
  /// text, as in training. Where labels were learnt freely, the text is embedded as a document is
  /// and brought to the labels' mean length: near enough to find documents that say the same, less
  /// exact than a label with training documents. The bias is the labels' median, so that a new
  /// label competes as one of middling frequency would; the wide part knows nothing of it.
  ///
  /// - Throws: `InputError` when a label is known already or its name is none, its text has nothing
  ///   that the model knows, or the model was trained on features.
  public func adding(_ labels: [NewLabel]) throws -> TrainedModel {
    guard !labels.isEmpty else { return self }
    let labels = try labels.map {
      NewLabel(try Name($0.id, of: "label", from: folder.path), text: $0.text)
    }
    var known = Set(labelIDs)
    for label in labels where !known.insert(label.id).inserted {
      throw InputError(
        file: folder.path, reason: "there is a label \"\(label.id)\" already",
        expected: "a name of its own for each label")
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

  /// What labels that are known by their texts alone are scored by: vectors, `[labels, D]`, and the
  /// biases, `[labels]`, where labels have them; see `adding(_:)`.
  ///
  /// The names may be those of labels that the model knows.
  ///
  /// - Throws: `InputError` when a text has nothing that the model knows, or the model was trained
  ///   on features.
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
    let vectors = try checked {
      try withoutGradients {
        let own = transformer?.vectors(of: texts)
        guard configuration.model.labels != .free else {
          let directions = try scorer.embeddings(of: bags, vectors: own).normalized(along: -1)
          return directions * scorer.labelVectors.norm(along: -1).mean().scalar
        }
        return try scorer.embeddings(ofLabelTexts: bags, vectors: own)
      }
    }
    return scorer.adding(vectors, bias: scorer.bias.map(Self.median) ?? 0)
  }

  private static func median(_ values: Tensor) -> Float {
    let sorted = values.array(of: Float.self).sorted()
    return sorted[sorted.count / 2]
  }
}
