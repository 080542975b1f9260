public import Evaluation
public import Learning
public import Torch

/// What a model sees of some documents.
public struct ScorerInput {
  /// `[N, features]`.
  public var bags: CSRMatrix
  /// A transformer's vectors of the same documents, where the model has a tower.
  public var vectors: TextVectors?

  /// Pairs both.
  public init(bags: CSRMatrix, vectors: TextVectors? = nil) {
    self.bags = bags
    self.vectors = vectors
  }
}

/// Scores labels for documents by exact inner products with the vectors of all labels.
public struct Scorer {
  private let encoder: BagEncoder
  private let tower: TransformerTower?
  private let labels: Tensor
  private let bias: Tensor?
  private let wide: SparseLinear?
  private let temperature: Double

  /// Scores with the given label vectors, `[L, D]`, and biases, `[L]`.
  ///
  /// - Parameters:
  ///   - tower: embeds documents' vectors beside their bags, where there is one.
  ///   - wide: scores added to the inner products.
  public init(
    encoder: BagEncoder, tower: TransformerTower? = nil, labels: Tensor, bias: Tensor?,
    wide: SparseLinear? = nil, temperature: Double
  ) {
    self.encoder = encoder
    self.tower = tower
    self.labels = labels.transposed().contiguous()
    self.bias = bias
    self.wide = wide
    self.temperature = temperature
  }

  /// The number of labels.
  public var labelCount: Int { labels.size(along: 1) }

  /// The best labels of each document, best first; equal scores by rising label.
  ///
  /// See `Ranker`, which this is with one member.
  public func topK(
    _ k: Int, of bags: CSRMatrix, vectors: TextVectors? = nil,
    excluding excluded: CSRMatrix? = nil
  ) throws -> TopK {
    try Ranker([self]).topK(
      k, of: [ScorerInput(bags: bags, vectors: vectors)], excluding: excluded)
  }

  /// The scores of all labels, `[N, L]`.
  ///
  /// - Parameter vectors: `[N, W]`, where there is a tower.
  /// - Precondition: there are vectors where there is a tower, and nowhere else.
  public func scores(of bags: CSRMatrix, vectors: Tensor? = nil) throws -> Tensor {
    precondition((tower == nil) == (vectors == nil), "vectors and a tower belong together")
    return try withoutGradients {
      var sum = try encoder(bags)
      if let tower, let vectors { sum = sum + tower(vectors) }
      let documents = encoder.normalized(sum)
      let scores =
        bias.map { documents.matmul(labels, adding: $0, scale: 1 / temperature) }
        ?? documents.matmul(labels) * (1 / temperature)
      wide?(bags).add(to: scores, labels: 0..<labelCount)
      return scores
    }
  }
}
