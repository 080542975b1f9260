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

  /// The features with random columns zeroed, at all nodes.
  func maskingColumns(_ probability: Double, generator: Generator) -> NodeFeatures {
    guard probability > 0 else { return self }
    let kept = Tensor.ones([width]).bernoulli(1 - probability, generator: generator)
    switch self {
    case .dense(let matrix): return .dense(matrix * kept.converted(to: matrix.dtype))
    case .sparse(let matrix):
      let values = matrix.values ?? Tensor.ones([matrix.places.entryCount])
      let factors = kept.converted(to: values.dtype).gathered(rows: matrix.places.columns)
      return .sparse(SparseMatrix(matrix.places, values: values * factors))
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
