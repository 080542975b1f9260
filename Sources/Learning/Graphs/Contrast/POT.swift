public import Storage
public import Torch

/// Regularises graph contrastive learning by node compactness: a lower bound, over all graphs that
/// leaving out edges can make, of how much closer a node is to itself than to other nodes.
///
/// For two graph convolutions H¹ = ReLU(Â X W₁ + b₁), H² = ReLU(Â H¹ W₂ + b₂), the rows zᵢ of the other
/// view at unit length, and entries of Â between L and U, with the mean M and half the width R of them:
///
///     cᵢ    = zᵢ − mean of zⱼ, j ≠ i
///     Pₖ    = M Hᵏ⁻¹ Wₖ + bₖ ± R |Hᵏ⁻¹ Wₖ|                  bounds of the ReLU's inputs
///     a, d  = slope and offset of a line below the ReLU, or above it where its weight is negative
///     V₂    = a₂ ⊙ c,  V₁ = a₁ ⊙ (V₂ W₂ᵀ)
///     s     = Â (Â Σ(V₁ ⊙ X W₁) + Σ V₁ ⊙ (b₁ + d₁)) + Σ V₂ ⊙ (b₂ + d₂)
///     L     = mean of log(1 + exp(−s))
///
/// Σ sums over a row. A line below goes through 0, so that its d is 0.
///
/// - Paper: Yu, Wang, Zhang, Liu, Shi. Provable Training for Graph Contrastive Learning. NeurIPS 2023.
///   <https://arxiv.org/abs/2309.13944>
/// - Gradient: reaches the layers, the features and the other view, through the bounds too.
/// - Units: s is an inner product, the node compactness; L is in nats.
/// - Departures: written from the authors' code, since the paper's text was not at hand. ReLU alone; all
///   nodes at once. As there, the bounds of the second layer take H¹ of the whole graph, and s takes Â of
///   the view. X W₁ is summed in place of X and W₁ V₁, the same number.
public struct POT: Codable, Hashable, Sendable {
  /// κ, the share of L in the sum with the contrastive loss; default 0.5, the authors'.
  public var share: Double

  /// Creates the regularisation.
  public init(share: Double = 0.5) { self.share = share }

  /// The bounds of the entries of Â when each node may lose a share of its edges.
  public struct Bounds: Sendable {
    /// M.
    public var mean: SparseMatrix
    /// R.
    public var radius: SparseMatrix

    /// Creates bounds: at most the share `edgeDropout` of a node's edges is left out, and one is kept.
    public init(of graph: Graph, edgeDropout: Double, dtype: DType = .float32) {
      let whole = graph.removingSelfLoops().addingSelfLoops()
      let degrees = whole.degrees
      let least = degrees.map { degree in
        let lost = min(
          max(degree - 2, 0),
          Int((edgeDropout * Double(degree - 1)).rounded(.toNearestOrEven)))
        return 1 / Double(degree - lost).squareRoot()
      }
      var means: [Double] = []
      var radii: [Double] = []
      for node in 0..<whole.nodeCount {
        for source in whole.neighbours.columns(ofRow: node) {
          let upper = least[node] * least[Int(source)]
          let lower = Int(source) == node ? 1 / Double(degrees[node]) : 0
          means.append((upper + lower) / 2)
          radii.append((upper - lower) / 2)
        }
      }
      let places = SparsePlaces(whole.neighbours)
      mean = SparseMatrix(places, values: Tensor(means).converted(to: dtype))
      radius = SparseMatrix(places, values: Tensor(radii).converted(to: dtype))
    }
  }

  /// L, a scalar.
  ///
  /// - Parameters:
  ///   - layers: the two graph convolutions.
  ///   - embeddings: those of the other view, `[V, D]`.
  ///   - whole: Â of the graph.
  ///   - view: Â of the view.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: two layers, at least two nodes.
  public func callAsFunction(
    _ layers: [GraphConvolution], _ features: NodeFeatures, embeddings: Tensor,
    whole: SparseMatrix, view: SparseMatrix, bounds: Bounds
  ) throws -> Tensor {
    let scores = try compactness(
      layers, features, embeddings: embeddings, whole: whole, view: view, bounds: bounds)
    return (scores.logSigmoid() * -1).mean()
  }

  /// s, `[V]`, with the parameters of the loss.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func compactness(
    _ layers: [GraphConvolution], _ features: NodeFeatures, embeddings: Tensor,
    whole: SparseMatrix, view: SparseMatrix, bounds: Bounds
  ) throws -> Tensor {
    precondition(layers.count == 2, "\(layers.count) layers, expected 2")
    let count = embeddings.size(along: 0)
    precondition(count > 1, "\(count) nodes have no others to be compared with")
    let first = try features.product(with: layers[0].weight)
    let hidden = (try whole.product(with: first) + layers[0].bias).relu()
    let second = hidden.matmul(layers[1].weight)
    let unit = embeddings.normalized()
    let others = 1 / Double(count - 1)
    let contrast =
      unit * (Double(count) * others) - unit.sum(along: 0, keepingDimensions: true) * others
    let (weights, offset) = try Self.line(
      below: contrast, inputs: second, bias: layers[1].bias, bounds)
    let (inner, innerOffset) = try Self.line(
      below: weights.matmul(layers[1].weight.transposed()), inputs: first, bias: layers[0].bias,
      bounds)
    let start = (inner * first).sum(along: 1, keepingDimensions: true)
    let middle = try view.product(with: start) + innerOffset
    return (try view.product(with: middle) + offset).squeezed(along: 1)
  }

  /// The weights V of a ReLU's inputs and the offset Σ V ⊙ (b + d), `[V, 1]`.
  private static func line(
    below weights: Tensor, inputs: Tensor, bias: Tensor, _ bounds: Bounds
  ) throws -> (weights: Tensor, offset: Tensor) {
    let middle = try bounds.mean.product(with: inputs) + bias
    let radius = try bounds.radius.product(with: inputs.magnitude())
    let (upper, lower) = (middle + radius, middle - radius)
    let isOn = lower.isLess(than: 0).logicalNot()
    let isOff = upper.isGreater(than: 0).logicalNot()
    let isCertain = isOn.logicalOr(isOff)
    let width = (upper - lower).replacing(where: isCertain, with: 1)
    let slope = (upper / width).replacing(where: isOn, with: 1).replacing(where: isOff, with: 0)
    let shift = (lower * -1).replacing(where: isCertain, with: 0)
      .replacing(where: weights.isLess(than: 0).logicalNot(), with: 0)
    let result = weights * slope
    return (result, (result * (shift + bias)).sum(along: 1, keepingDimensions: true))
  }
}
