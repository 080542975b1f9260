public import Evaluation
public import Extreme
public import Storage
public import Torch

/// A model's input for some documents.
public struct ScorerInput {
  /// `[N, features]`.
  public var bags: CSRMatrix
  /// The transformer's vectors of the same documents, if the model has a tower.
  public var vectors: TextVectors?

  /// Creates an input.
  public init(bags: CSRMatrix, vectors: TextVectors? = nil) {
    self.bags = bags
    self.vectors = vectors
  }
}

/// Scores labels for documents by exact inner products with the vectors of all labels.
public struct Scorer: Sendable {
  package let encoder: BagEncoder
  let labelEncoder: BagEncoder?
  let tower: TransformerTower?
  private var labels: Tensor
  /// `[L]`; nil if labels have no biases.
  private(set) var bias: Tensor?
  private(set) var wide: SparseLinear?
  let memory: DocumentMemory?
  /// The softmax temperature; inner products are divided by it.
  let temperature: Double

  /// Creates a scorer with the given label vectors, `[L, D]` of any real dtype, and biases, `[L]`.
  ///
  /// - Parameters:
  ///   - tower: embeds documents' vectors in addition to their bags; nil for none.
  ///   - wide: scores added to the inner products.
  ///   - labelEncoder: embeds the texts of new labels if they do not share the documents' encoder.
  public init(
    encoder: BagEncoder, tower: TransformerTower? = nil, labels: Tensor, bias: Tensor?,
    wide: SparseLinear? = nil, temperature: Double, labelEncoder: BagEncoder? = nil
  ) {
    self.init(
      encoder: encoder, tower: tower, labels: labels, bias: bias, wide: wide,
      temperature: temperature, labelEncoder: labelEncoder, memory: nil)
  }

  /// Creates a scorer that also adds the labels of similar training documents.
  package init(
    encoder: BagEncoder, tower: TransformerTower?, labels: Tensor, bias: Tensor?,
    wide: SparseLinear?, temperature: Double, labelEncoder: BagEncoder?, memory: DocumentMemory?
  ) {
    self.memory = memory
    self.encoder = encoder
    self.labelEncoder = labelEncoder
    self.tower = tower
    self.labels = labels.transposed().contiguous().converted(to: .float32)
    self.bias = bias
    self.wide = wide
    self.temperature = temperature
  }

  /// The number of labels.
  public var labelCount: Int { labels.size(along: 1) }

  /// The top labels of each document, best first; ties by ascending label.
  ///
  /// The same as a `Ranker` with one member.
  public func topK(
    _ k: Int, of bags: CSRMatrix, vectors: TextVectors? = nil,
    excluding excluded: CSRMatrix? = nil
  ) throws -> TopK {
    try Ranker([self]).topK(
      k, of: [ScorerInput(bags: bags, vectors: vectors)], excluding: excluded)
  }

  /// The scores of all labels, `[N, L]`.
  ///
  /// - Parameter vectors: `[N, W]`, if there is a tower.
  /// - Precondition: vectors are given if and only if there is a tower.
  public func scores(of bags: CSRMatrix, vectors: Tensor? = nil) throws -> Tensor {
    precondition((tower == nil) == (vectors == nil), "vectors require a tower, and a tower vectors")
    return try withoutGradients {
      let documents = try embeddings(of: bags, vectors: vectors)
      let scores =
        bias.map { documents.matmul(labels, adding: $0, scale: 1 / temperature) }
        ?? documents.matmul(labels) * (1 / temperature)
      wide?(bags).add(to: scores, labels: 0..<labelCount)
      if let memory, memory.configuration.weight > 0 {
        try memory.add(to: scores, of: documents)
      }
      return scores
    }
  }

  /// The embeddings of documents, `[N, D]`; vectors as for `scores(of:vectors:)`.
  package func embeddings(of bags: CSRMatrix, vectors: Tensor? = nil) throws -> Tensor {
    try embeddings(of: bags, vectors: vectors, by: encoder)
  }

  /// The embeddings of label texts, `[N, D]`.
  func embeddings(ofLabelTexts bags: CSRMatrix, vectors: Tensor?) throws -> Tensor {
    try embeddings(of: bags, vectors: vectors, by: labelEncoder ?? encoder)
  }

  private func embeddings(of bags: CSRMatrix, vectors: Tensor?, by encoder: BagEncoder) throws
    -> Tensor
  {
    try withoutGradients {
      var sum = try encoder(bags)
      if let tower, let vectors { sum = sum + tower(vectors) }
      return encoder.normalized(sum)
    }
  }

  /// The scorer of the first `dimension` numbers of the embeddings.
  ///
  /// Biases and the wide part stay as they are.
  ///
  /// - Precondition: `dimension` is from 1 to that of the embeddings.
  func truncated(to dimension: Int) throws -> Scorer {
    let encoder = encoder.truncated(to: dimension)
    return Scorer(
      encoder: encoder, tower: tower?.truncated(to: dimension),
      labels: encoder.normalized(labelVectors.slice(0..<dimension, along: 1)), bias: bias,
      wide: wide, temperature: temperature, labelEncoder: labelEncoder?.truncated(to: dimension),
      memory: try memory?.truncated(to: dimension))
  }

  /// The vectors of all labels, `[L, D]`.
  var labelVectors: Tensor { labels.transposed().contiguous() }

  /// The same with more labels appended.
  ///
  /// - Parameters:
  ///   - vectors: `[new labels, D]`.
  ///   - biases: the bias of each new label; ignored if labels have none.
  func adding(_ vectors: Tensor, biases: [Float]) -> Scorer {
    var result = self
    result.labels = Tensor.concatenated([labels, vectors.transposed()], along: 1).contiguous()
    let count = vectors.size(along: 0)
    result.bias = bias.map { .concatenated([$0, Tensor(biases)]) }
    result.wide = wide?.widened(by: count)
    return result
  }

  /// The same with only the labels at these ascending indices.
  ///
  /// - Precondition: they include all labels that the wide part scores.
  func keeping(_ kept: [Int]) -> Scorer {
    var result = self
    let indices = Tensor(kept)
    result.labels = labels.gathered(rows: indices, along: 1).contiguous()
    result.bias = bias?.gathered(rows: indices)
    result.wide = wide?.widened(by: kept.count - labelCount)
    return result
  }
}

extension SparseLinear {
  /// The same with `count` more labels without weights, or with fewer if negative.
  fileprivate func widened(by count: Int) -> SparseLinear {
    SparseLinear(
      pattern: CSRMatrix(
        rowOffsets: pattern.rowOffsets, columns: pattern.columns, values: nil,
        columnCount: pattern.columnCount + count),
      weights: weights)
  }
}
