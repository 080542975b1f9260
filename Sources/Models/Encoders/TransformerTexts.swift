public import Storage
public import Torch

/// The input of training with a transformer.
public enum TransformerTexts: Sendable {
  /// The vectors of texts from a frozen transformer.
  case vectors(TextVectors)
  /// The token ids for a trained transformer, one row per text in order.
  case tokens(CSRMatrix)
}

/// Vectors of texts: selected rows of a matrix, which may be memory-mapped.
public struct TextVectors: Sendable {
  private let matrix: Tensor
  private let rows: MappedArray<Int32>?

  /// Creates vectors from all rows of `matrix`, or from `rows` in that order.
  public init(_ matrix: Tensor, rows: MappedArray<Int32>? = nil) {
    self.matrix = matrix
    self.rows = rows
  }

  /// The number of texts.
  public var count: Int { rows?.count ?? matrix.size(along: 0) }

  /// The vectors of the texts at `indices`, `[indices, W]`.
  public func gathered(_ indices: some Collection<Int>) -> Tensor {
    matrix.gathered(rows: Tensor(indices.map { Int64(rows?[$0] ?? Int32($0)) }))
  }
}
