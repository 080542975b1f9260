public import Datasets
import Learning
public import Torch

extension TrainedModel {
  /// The length of the embeddings.
  public var dimension: Int { configuration.model.encoder.dimension }

  /// What inner products of embeddings are divided by to become scores.
  public var temperature: Double { scorer.temperature }

  /// The vectors of all labels: `[L, D]`.
  public var labelEmbeddings: Tensor { scorer.labelVectors }

  /// The biases of all labels, `[L]`; nil where they have none.
  public var labelBiases: Tensor? { scorer.bias }

  /// What texts are embedded as: `[texts, D]`, of length 1 where the model compares by angle.
  ///
  /// Of a mean of models it is the first one's.
  ///
  /// - Throws: `InputError` when the model was trained on features instead of texts, or a number is
  ///   not finite.
  public func embeddings(of texts: [String]) throws -> Tensor {
    try refuseUnless(hasTexts: true, file: folder.path)
    return try refusingInfinities {
      try scorer.embeddings(
        of: features.bags(ofTexts: texts), vectors: transformer?.vectors(of: texts))
    }
  }

  private func refusingInfinities(_ make: () throws -> Tensor) throws -> Tensor {
    let embeddings = try checked(make)
    guard try checked({ embeddings.isAllFinite }) else {
      throw InputError(
        file: folder.path, reason: "with this model the embedding of a text is not finite",
        expected: "a model whose numbers stay within those of 32 bits")
    }
    return embeddings
  }

  /// The same of texts that are many: in parts, so that only the embeddings take memory.
  ///
  /// - Parameter report: is shown each part when it is done.
  public func embeddings(
    of texts: some RandomAccessCollection<String>, reporting report: (EmbeddedTexts) -> Void
  ) throws -> Tensor {
    var parts: [Tensor] = []
    var rest = texts[...]
    while !rest.isEmpty {
      let part = rest.prefix(4096)
      let embedded = try embedded(Array(part))
      parts.append(embedded.vectors)
      rest = rest.dropFirst(part.count)
      report(embedded)
    }
    return parts.isEmpty ? .zeros([0, dimension]) : .concatenated(parts)
  }

  /// The same of all documents of a data set, in its order, `[documents, D]`.
  ///
  /// - Parameters:
  ///   - path: where the data set was read, beside which a transformer's vectors may be kept.
  ///   - report: is told after each part how many documents are done.
  /// - Throws: `InputError` when the documents are of another kind than those of the training.
  public func embeddings(
    ofDocumentsOf dataset: Dataset, at path: String, reporting report: (Int) -> Void = { _ in }
  ) throws -> Tensor {
    let documents = dataset.documents
    try refuseUnless(hasTexts: documents.texts != nil, file: path)
    var parts: [Tensor] = []
    for start in stride(from: 0, to: documents.count, by: 4096) {
      let end = min(start + 4096, documents.count)
      let rows = MappedArray((start..<end).map(Int32.init))
      parts.append(
        try refusingInfinities {
          try scorer.embeddings(
            of: features.bags(of: documents, rows: rows),
            vectors: transformer?.vectors(ofRows: rows, in: dataset, at: path)
              .gathered(0..<rows.count))
        })
      report(end)
    }
    return parts.isEmpty ? .zeros([0, dimension]) : .concatenated(parts)
  }
}
