public import Torch

/// Texts as a training with a transformer takes them.
public enum TransformerTexts: Sendable {
  /// The vectors that a frozen transformer has made of them.
  case vectors(TextVectors)
  /// Their token ids, a row a text in the order of reading, for a transformer that is trained.
  case tokens(CSRMatrix)
}

/// Texts' vectors: chosen rows of a matrix, which may lie in a mapped file.
public struct TextVectors: Sendable {
  private let matrix: Tensor
  private let rows: MappedArray<Int32>?

  /// All rows of `matrix`, or those of `rows` in that order.
  public init(_ matrix: Tensor, rows: MappedArray<Int32>? = nil) {
    self.matrix = matrix
    self.rows = rows
  }

  /// The number of texts.
  public var count: Int { rows?.count ?? matrix.size(along: 0) }

  /// The vectors of the texts `indices`, `[indices, W]`.
  public func gathered(_ indices: some Collection<Int>) -> Tensor {
    matrix.gathered(rows: Tensor(indices.map { Int64(rows?[$0] ?? Int32($0)) }))
  }
}
