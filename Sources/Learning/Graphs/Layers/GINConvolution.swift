public import Storage
public import Torch

/// A layer that sums over neighbours, which tells multisets apart, and applies a network.
///
///     yᵢ = MLP((1 + ε) xᵢ + Σ_{j ∈ N(i)} xⱼ)
///
/// - Paper: Xu, Hu, Leskovec, Jegelka. How Powerful are Graph Neural Networks? ICLR 2019,
///   equation 4.1. <https://arxiv.org/abs/1810.00826>
/// - Gradient: reaches the features, the network and ε.
/// - Units: those of the network's outputs.
/// - Departures: none; ε is learnt from 0, or fixed (GIN-0).
public final class GINConvolution: GraphLayer {
  /// The network.
  public let network: Sequential
  /// ε, `[1]`.
  public let epsilon: Tensor
  /// Creates a layer with a network from F numbers to D.
  ///
  /// - Parameter epsilon: learnt if it requires a gradient, as the default does.
  /// - Precondition: `epsilon` is one number.
  public init(
    network: Sequential, epsilon: Tensor = Tensor.zeros([1]).requiringGradient()
  ) {
    precondition(epsilon.shape == [1], "an epsilon of shape \(epsilon.shape)")
    self.network = network
    self.epsilon = epsilon
  }

  /// Those of the network, and `epsilon` if it is learnt.
  public var parameters: [(name: String, tensor: Tensor)] {
    network.parameters(under: "network") + (epsilon.requiresGradient ? [("epsilon", epsilon)] : [])
  }

  /// The sum over the neighbours.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    SparseMatrix(graph.removingSelfLoops().neighbours)
  }

  /// Applies the layer, `[V, F]` → `[V, D]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    let own = try features.dense()
    return network(own * (epsilon + 1) + (try propagation.product(with: own)))
  }
}
