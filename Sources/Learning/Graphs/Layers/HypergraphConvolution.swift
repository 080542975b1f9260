public import Storage
public import Torch

/// A layer that averages over the members of a node's hyperedges (HGNN).
///
/// With the incidence H of nodes and hyperedges, D the number of hyperedges of each node, B the number
/// of nodes of each hyperedge, X the features and Θ, b learnt:
///
///     Y = D^−½ H B⁻¹ Hᵀ D^−½ (X Θ + b)
///
/// It runs as S Sᵀ with S = D^−½ H B^−½, so that its cost is that of the hyperedges' members and not of
/// the pairs among them. A node in no hyperedge has 0.
///
/// - Paper: Feng, You, Zhang, Ji, Gao. Hypergraph Neural Networks. AAAI 2019, equation 11.
///   <https://arxiv.org/abs/1809.09401>
/// - Gradient: reaches the features and the learnt weights.
/// - Units: those of the features times Θ.
/// - Departures: all hyperedges weigh 1, as in the paper's experiments. The bias is inside the
///   propagation, as in the authors' code and not in the equation.
public final class HypergraphConvolution: GraphLayer, Sendable {
  /// Θ, `[F, D]`.
  public let weight: Tensor
  /// b, `[D]`.
  public let bias: Tensor

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: `weight` is `[F, D]`, `bias` `[D]`.
  public init(weight: Tensor, bias: Tensor) {
    precondition(
      weight.dimensionCount == 2 && bias.shape == [weight.size(along: 1)],
      "weight \(weight.shape) with bias \(bias.shape), expected [F, D], [D]")
    self.weight = weight.requiringGradient()
    self.bias = bias.requiringGradient()
  }

  /// Creates a layer with Glorot's random weights and a bias of 0.
  public convenience init(from inputs: Int, to outputs: Int, generator: Generator) {
    self.init(
      weight: .glorot([inputs, outputs], generator: generator), bias: .zeros([outputs]))
  }

  /// `weight` and `bias`.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("weight", weight), ("bias", bias)]
  }

  /// S = D^−½ H B^−½, `[V, E]`.
  public static func propagation(of hypergraph: Hypergraph, dtype: DType = .float32)
    -> SparseMatrix
  {
    let nodes = hypergraph.members.transposed()
    let sizes = (0..<hypergraph.hyperedgeCount).map { hypergraph.members.entries(ofRow: $0).count }
    let values = (0..<nodes.rowCount).flatMap { node -> [Double] in
      let hyperedges = nodes.columns(ofRow: node)
      return hyperedges.map { 1 / Double(hyperedges.count * sizes[Int($0)]).squareRoot() }
    }
    return SparseMatrix(SparsePlaces(nodes), values: Tensor(values).converted(to: dtype))
  }

  /// S of the hypergraph with a hyperedge for each node, of the node and its neighbours, as the paper
  /// makes of a citation graph.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    propagation(of: Hypergraph(neighbourhoodsOf: graph))
  }

  /// Applies the layer, `[V, F]` → `[V, D]`; `propagation` is S.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    try propagation.product(
      with: propagation.transposed.product(with: features.product(with: weight) + bias))
  }
}
