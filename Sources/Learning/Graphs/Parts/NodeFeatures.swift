public import Torch

/// The features of a graph's nodes: a dense matrix, or a sparse one, whose zeros cost nothing.
public enum NodeFeatures: Sendable {
  /// `[V, F]`.
  case dense(Tensor)
  /// `[V, F]`.
  case sparse(SparseMatrix)

  /// The number of nodes V.
  public var nodeCount: Int {
    switch self {
    case .dense(let matrix): matrix.size(along: 0)
    case .sparse(let matrix): matrix.places.rowCount
    }
  }

  /// The number of features F.
  public var width: Int {
    switch self {
    case .dense(let matrix): matrix.size(along: 1)
    case .sparse(let matrix): matrix.places.columnCount
    }
  }

  /// The product with a matrix `[F, D]`, `[V, D]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func product(with matrix: Tensor) throws -> Tensor {
    switch self {
    case .dense(let features): features.matmul(matrix)
    case .sparse(let features): try features.product(with: matrix)
    }
  }

  /// The features with random ones zeroed and the others scaled up.
  public func droppedOut(_ probability: Double, generator: Generator) -> NodeFeatures {
    switch self {
    case .dense(let matrix): .dense(matrix.droppedOut(probability, generator: generator))
    case .sparse(let matrix): .sparse(matrix.droppedOut(probability, generator: generator))
    }
  }

  /// The features as a dense matrix, `[V, F]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func dense() throws -> Tensor {
    switch self {
    case .dense(let matrix): return matrix
    case .sparse(let matrix):
      return try matrix.product(
        with: .identity(width, dtype: matrix.values?.dtype ?? .float32))
    }
  }
}
