public import Storage
public import Torch

/// A layer that averages over neighbours, with weights from the degrees.
///
/// With Ã = A + I, D̃ its degrees, X the features and W learnt:
///
///     Y = D̃^−½ Ã D̃^−½ X W + b
///
/// - Paper: Kipf, Welling. Semi-Supervised Classification with Graph Convolutional Networks. ICLR 2017,
///   equation 2. <https://arxiv.org/abs/1609.02907>
/// - Gradient: reaches the features and the learnt weights; not the graph's.
/// - Units: those of the features times W.
/// - Departures: none from the equation; the bias is that of the authors' code.
public final class GraphConvolution: GraphLayer, Sendable {
  /// W, `[F, D]`.
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

  /// D̃^−½ Ã D̃^−½.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    SparseMatrix(graph.addingSelfLoops().symmetricallyNormalized())
  }

  /// Applies the layer, `[V, F]` → `[V, D]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    try propagation.product(with: features.product(with: weight)) + bias
  }
}
