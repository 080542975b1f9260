public import Evaluation
public import Learning
public import Torch

/// Scores labels for documents by exact inner products with the vectors of all labels.
public struct Scorer {
  private let encoder: BagEncoder
  private let labels: Tensor
  private let bias: Tensor?
  private let wide: SparseLinear?
  private let temperature: Double
  /// Scores with the given label vectors, `[L, D]`, and biases, `[L]`.
  ///
  /// - Parameter wide: scores added to the inner products.
  public init(
    encoder: BagEncoder, labels: Tensor, bias: Tensor?, wide: SparseLinear? = nil,
    temperature: Double
  ) {
    self.encoder = encoder
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
  public func topK(_ k: Int, of bags: CSRMatrix, excluding excluded: CSRMatrix? = nil) throws
    -> TopK
  {
    try Ranker([self]).topK(k, of: [bags], excluding: excluded)
  }

  /// The scores of all labels, `[N, L]`.
  public func scores(of bags: CSRMatrix) throws -> Tensor {
    try withoutGradients {
      let documents = encoder.normalized(try encoder(bags))
      let scores =
        bias.map { documents.matmul(labels, adding: $0, scale: 1 / temperature) }
        ?? documents.matmul(labels) * (1 / temperature)
      wide?(bags).add(to: scores, labels: 0..<labelCount)
      return scores
    }
  }
}
