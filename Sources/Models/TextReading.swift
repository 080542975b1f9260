package import Datasets
package import Storage
public import Torch

/// Texts as the inputs of an ensemble's models, with flags for unknown and truncated ones.
struct TextReading {
  /// The input of each model.
  var inputs: [ScorerInput]
  /// Whether any model knows some feature of each text.
  var isKnown: [Bool]
  /// Whether any model truncates each text.
  var isCut: [Bool]
}

extension TrainedModel {
  /// The embeddings of texts, with flags for unknown and truncated ones.
  public struct EmbeddedTexts {
    /// `[texts, D]`.
    public var vectors: Tensor
    /// Whether the model knows any feature of each text; see `Prediction.isKnown`.
    public var isKnown: [Bool]
    /// Whether each text is truncated; see `Prediction.isCut`.
    public var isCut: [Bool]
  }

  /// The inputs of all models of the ensemble for texts.
  func reading(_ texts: [String]) throws -> TextReading {
    let begun = ContinuousClock.now
    defer { reportingFeatureTime?(begun.duration(to: .now)) }
    let inputs = try inputs(ofTexts: texts)
    let models = [self] + others
    return TextReading(
      inputs: inputs, isKnown: knows(inputs) { texts[$0] },
      isCut: texts.map { text in models.contains { $0.features.cuts(text) } })
  }

  /// Whether any model knows some feature of each document.
  ///
  /// - Parameter text: returns the text of a document; called if bags do not suffice.
  package func knows(_ inputs: [ScorerInput], text: (Int) -> String) -> [Bool] {
    let models = Array(zip([self] + others, inputs))
    return (0..<(inputs.first?.bags.rowCount ?? 0)).map { row in
      models.contains { model, input in
        !input.bags.columns(ofRow: row).isEmpty || model.transformer?.knows(text(row)) ?? false
      }
    }
  }

  /// The same for documents of a data set.
  package func knows(
    _ inputs: [ScorerInput], documents: MappedArray<Int32>, of dataset: Dataset
  ) -> [Bool] {
    knows(inputs) { dataset.documents.texts?[Int(documents[$0])] ?? "" }
  }

  /// The embeddings of texts, with flags for unknown and truncated ones.
  ///
  /// Of an ensemble, those of the first model.
  ///
  /// - Throws: `InputError` if the model was trained on features instead of texts.
  public func embedded(_ texts: [String]) throws -> EmbeddedTexts {
    try refuseUnless(hasTexts: true, file: folder.path)
    var alone = self
    alone.others = []
    return try checked {
      let reading = try alone.reading(texts)
      return EmbeddedTexts(
        vectors: try alone.embeddings(of: reading.inputs[0]), isKnown: reading.isKnown,
        isCut: reading.isCut)
    }
  }
}

extension TransformerStore {
  /// Whether the vocabulary contains a token of the text.
  package func knows(_ text: String) -> Bool {
    contentIDs(of: text).contains { !silentIDs.contains($0) }
  }
}
