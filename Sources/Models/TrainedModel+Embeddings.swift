public import Datasets
import Extreme
import Storage
public import Torch

extension TrainedModel {
  /// The embedding dimension.
  public var dimension: Int { configuration.model.encoder.dimension }

  /// The softmax temperature that divides inner products of embeddings.
  public var temperature: Double { scorer.temperature }

  /// The vectors of all labels: `[L, D]`.
  public var labelEmbeddings: Tensor { scorer.labelVectors }

  /// The biases of all labels, `[L]`; nil if there are none.
  public var labelBiases: Tensor? { scorer.bias }

  /// The embeddings of texts: `[texts, D]`, of unit length if the model normalises them.
  ///
  /// Of an ensemble, those of the first model.
  ///
  /// - Throws: `InputError` if the model was trained on features instead of texts, or if a value is
  ///   not finite.
  public func embeddings(of texts: [String]) throws -> Tensor {
    try refuseUnless(hasTexts: true, file: folder.path)
    return try refusingInfinities {
      try scorer.embeddings(
        of: features.bags(ofTexts: texts), vectors: transformer?.vectors(of: texts))
    }
  }

  private func refusingInfinities(_ make: () throws -> Tensor) throws -> Tensor {
    let embeddings = try Runtime.withThreads(threads) { try checked(make) }
    guard try checked({ embeddings.isAllFinite }) else {
      throw InputError(
        file: folder.path, reason: "this model gives a text an embedding that is not finite",
        expected: "a model that does not overflow 32-bit numbers")
    }
    return embeddings
  }

  /// The same for many texts: computed in blocks, so that only the embeddings take memory.
  ///
  /// - Parameter report: receives each block when it is done.
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

  /// The same for all documents of a data set, in its order, `[documents, D]`.
  ///
  /// - Parameters:
  ///   - path: the path of the data set, next to which a transformer's vectors may be cached.
  ///   - report: receives the number of finished documents after each block.
  /// - Throws: `InputError` if the documents are of another kind than the training documents.
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
