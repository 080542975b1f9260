public import Storage
public import Torch

/// A layer that adds a mean of the neighbours to a node's own features.
///
/// With the neighbours N(i), and W, U learnt:
///
///     yᵢ = W xᵢ + U · (1 / |N(i)|) Σ_{j ∈ N(i)} xⱼ + b
///
/// A node without neighbours keeps its own part alone.
///
/// - Paper: Hamilton, Ying, Leskovec. Inductive Representation Learning on Large Graphs. NeurIPS 2017,
///   algorithm 1 with the mean aggregator. <https://arxiv.org/abs/1706.02216>
/// - Gradient: reaches the features and the learnt weights.
/// - Units: those of the features times W.
/// - Departures: all neighbours are taken, not a sample, and outputs are not scaled to unit length. A
///   concatenation times one matrix is the sum of two products.
public final class SAGEConvolution: GraphLayer, Sendable {
  /// W, `[F, D]`.
  public let ownWeight: Tensor
  /// U, `[F, D]`.
  public let neighbourWeight: Tensor
  /// b, `[D]`.
  public let bias: Tensor

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: both weights are `[F, D]`, `bias` `[D]`.
  public init(ownWeight: Tensor, neighbourWeight: Tensor, bias: Tensor) {
    precondition(
      ownWeight.dimensionCount == 2 && neighbourWeight.shape == ownWeight.shape
        && bias.shape == [ownWeight.size(along: 1)],
      "weights \(ownWeight.shape), \(neighbourWeight.shape) and bias \(bias.shape)")
    self.ownWeight = ownWeight.requiringGradient()
    self.neighbourWeight = neighbourWeight.requiringGradient()
    self.bias = bias.requiringGradient()
  }

  /// Creates a layer with Glorot's random weights and a bias of 0.
  public convenience init(from inputs: Int, to outputs: Int, generator: Generator) {
    self.init(
      ownWeight: .glorot([inputs, outputs], generator: generator),
      neighbourWeight: .glorot([inputs, outputs], generator: generator), bias: .zeros([outputs]))
  }

  /// `ownWeight`, `neighbourWeight` and `bias`.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("ownWeight", ownWeight), ("neighbourWeight", neighbourWeight), ("bias", bias)]
  }

  /// The mean over the neighbours.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    SparseMatrix(graph.removingSelfLoops().rowNormalized())
  }

  /// Applies the layer, `[V, F]` → `[V, D]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    try features.product(with: ownWeight)
      + propagation.product(with: features.product(with: neighbourWeight)) + bias
  }
}
