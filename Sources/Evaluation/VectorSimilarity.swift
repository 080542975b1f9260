public import Torch

/// The similarity of two embeddings; higher means more similar.
public enum VectorSimilarity: String, Codable, Hashable, Sendable, CaseIterable {
  /// The cosine of the angle between them.
  case cosine
  /// The inner product.
  case innerProduct
  /// The negative squared Euclidean distance.
  case euclidean

  /// All similarities, `[N, M]`, of `first`, `[N, D]`, with `second`, `[M, D]`.
  public func callAsFunction(_ first: Tensor, _ second: Tensor) -> Tensor {
    switch self {
    case .cosine: return first.normalized().matmul(second.normalized().transposed())
    case .innerProduct: return first.matmul(second.transposed())
    case .euclidean:
      let squares = (second * second).sum(along: 1)
      let own = (first * first).sum(along: 1, keepingDimensions: true)
      return 2 * first.matmul(second.transposed()) - squares - own
    }
  }

  /// `vectors` normalised for the cosine, so that inner products are cosines; unchanged otherwise.
  func prepared(_ vectors: Tensor) -> Tensor { self == .cosine ? vectors.normalized() : vectors }

  /// Similarities of vectors that have been passed through `prepared`.
  func ofPrepared(_ first: Tensor, _ second: Tensor) -> Tensor {
    self == .cosine ? VectorSimilarity.innerProduct(first, second) : self(first, second)
  }
}
