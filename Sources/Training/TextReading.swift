import Datasets
public import Torch

/// Texts as the models of a mean see them, and what of the texts is lost on the way.
struct TextReading {
  /// What each model sees.
  var inputs: [ScorerInput]
  /// Whether a model knows anything of each text.
  var isKnown: [Bool]
  /// Whether each text has an end that a model does not look at.
  var isCut: [Bool]
}

extension TrainedModel {
  /// The embeddings of texts, and how much of each text is in them.
  public struct EmbeddedTexts {
    /// `[texts, D]`.
    public var vectors: Tensor
    /// Whether the model knows anything of each text; see `Prediction.isKnown`.
    public var isKnown: [Bool]
    /// Whether each text has an end that does not count; see `Prediction.isCut`.
    public var isCut: [Bool]
  }

  /// What all models of the mean make of texts.
  func reading(_ texts: [String]) throws -> TextReading {
    let inputs = try inputs(ofTexts: texts)
    let models = [self] + others
    return TextReading(
      inputs: inputs, isKnown: knows(inputs) { texts[$0] },
      isCut: texts.map { text in models.contains { $0.features.cuts(text) } })
  }

  /// Whether one of the models knows something of each document.
  ///
  /// - Parameter text: the text of a document, asked for where bags are not enough to tell.
  func knows(_ inputs: [ScorerInput], text: (Int) -> String) -> [Bool] {
    let models = Array(zip([self] + others, inputs))
    return (0..<(inputs.first?.bags.rowCount ?? 0)).map { row in
      models.contains { model, input in
        !input.bags.columns(ofRow: row).isEmpty || model.transformer?.knows(text(row)) ?? false
      }
    }
  }

  /// The same for documents of a data set.
  func knows(
    _ inputs: [ScorerInput], documents: MappedArray<Int32>, of dataset: Dataset
  ) -> [Bool] {
    knows(inputs) { dataset.documents.texts?[Int(documents[$0])] ?? "" }
  }

  /// What texts are embedded as, with what is to be said about them.
  ///
  /// Of a mean of models it is the first one's.
  ///
  /// - Throws: `InputError` when the model was trained on features instead of texts.
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
  /// Whether the vocabulary has a piece of the text.
  func knows(_ text: String) -> Bool {
    tokenIDs(of: text).contains { !silentIDs.contains($0) }
  }
}
