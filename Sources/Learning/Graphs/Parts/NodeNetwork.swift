public import Storage
public import Torch

/// A network that gives each node of a graph a vector, usually the scores of its classes.
public protocol NodeNetwork: Layer, TrainingAware {
  /// The sums over neighbours that the network takes in a graph, `[V, V]`.
  static func propagation(of graph: Graph) -> SparseMatrix

  /// Applies the network, `[V, F]` → `[V, C]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws -> Tensor
}
