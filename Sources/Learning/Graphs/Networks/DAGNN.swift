public import Storage
public import Torch

/// Predictions from a node's features, spread to each of K distances and weighed by a learnt gate.
///
/// With Z = MLP(X), Â = D̃^−½ (A + I) D̃^−½ and a learnt s:
///
///     Hₖ = Âᵏ Z,   gᵢₖ = σ(Hₖᵢ · s + b),   Yᵢ = Σₖ gᵢₖ Hₖᵢ   for k = 0 … K
///
/// Transformation and propagation are separate, so many hops do not make the nodes alike.
///
/// - Paper: Liu, Gao, Ji. Towards Deeper Graph Neural Networks. KDD 2020, equation 8.
///   <https://arxiv.org/abs/2007.09296>
/// - Gradient: reaches the features, the perceptron and the gate.
/// - Units: logits of classes.
/// - Departures: none from the equation; b is that of the authors' code.
public final class DAGNN: NodeNetwork, Sendable {
  /// The largest distance K; the paper's 10 for Cora and CiteSeer.
  public let hops: Int
  /// The perceptron of the features.
  public let perceptron: NodePerceptron
  /// s, `[C, 1]`.
  public let gate: Tensor
  /// b, `[1]`.
  public let gateBias: Tensor

  /// Whether numbers are zeroed at random.
  public var isTraining: Bool {
    get { perceptron.isTraining }
    set { perceptron.isTraining = newValue }
  }

  /// Creates a network from a perceptron and a gate, which it trains in place.
  ///
  /// - Precondition: `gate` is `[C, 1]`, `gateBias` `[1]`; `hops` is not negative.
  public init(_ perceptron: NodePerceptron, gate: Tensor, gateBias: Tensor, hops: Int = 10) {
    precondition(hops >= 0, "\(hops) hops")
    precondition(
      gate.dimensionCount == 2 && gate.size(along: 1) == 1 && gateBias.shape == [1],
      "a gate of shape \(gate.shape) with bias \(gateBias.shape)")
    self.perceptron = perceptron
    self.gate = gate.requiringGradient()
    self.gateBias = gateBias.requiringGradient()
    self.hops = hops
  }

  /// Creates a network around a perceptron with `classes` outputs, and a gate uniform in ±1 / √C.
  ///
  /// - Precondition: `hops` is not negative.
  public convenience init(
    _ perceptron: NodePerceptron, classes: Int, hops: Int = 10, generator: Generator
  ) {
    let bound = 1 / Double(max(classes, 1)).squareRoot()
    self.init(
      perceptron,
      gate: .uniform([classes, 1], in: -bound..<bound, generator: generator),
      gateBias: .uniform([1], in: -bound..<bound, generator: generator), hops: hops)
  }

  /// Those of the perceptron, `gate` and `gateBias`.
  public var parameters: [(name: String, tensor: Tensor)] {
    perceptron.parameters(under: "perceptron") + [("gate", gate), ("gateBias", gateBias)]
  }

  /// Â.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    GraphConvolution.propagation(of: graph)
  }

  /// Applies the network, `[V, F]` → `[V, C]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    var hop = try perceptron(features)
    func gated(_ hop: Tensor) -> Tensor { (hop.matmul(gate) + gateBias).sigmoid() * hop }
    var result = gated(hop)
    for _ in 0..<hops {
      hop = try propagation.product(with: hop)
      result = result + gated(hop)
    }
    return result
  }
}
