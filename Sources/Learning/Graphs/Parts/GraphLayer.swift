public import Storage
public import Torch

/// A layer that combines each node's features with those of its neighbours.
public protocol GraphLayer: Layer {
  /// The sums over neighbours that the layer takes in a graph, `[V, V]`.
  ///
  /// Make it once for a graph; a layer is applied many times.
  static func propagation(of graph: Graph) -> SparseMatrix

  /// Applies the layer, `[V, F]` → `[V, D]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws -> Tensor
}

extension Tensor {
  /// Weights uniform in ±√(6 / (rows + columns)), as Glorot and Bengio propose.
  static func glorot(_ shape: [Int], generator: Generator) -> Tensor {
    let bound = (6 / Double(max(shape[0] + shape[1], 1))).squareRoot()
    return .uniform(shape, in: -bound..<bound, generator: generator)
  }
}
