public import Torch

/// Proposes regions of a graph that decide on its classes, and gives their nodes features.
///
/// With H the output of two graph convolutions of the features, a learnt threshold t, Â the
/// adjacency with rows that sum to 1, and α = ½:
///
///     f = σ(2 (GAT(H) − t)),   Z = LR(GAT′(H))            a node's function, and its features
///     s⁰ = f,   sˡ = α Â sˡ⁻¹ + (1 − α) sˡ⁻¹          the region around it, K steps
///     X = sᴷ ∘ Z,   Aᵢⱼ = sᴷᵢ Âᵢⱼ sᴷⱼ
///
/// `NodeDropPooling` refines the region, and attention to the neighbours in it gives the features;
/// both are sharper at nodes with a function.
///
/// - Paper: Mitra, Huang, Kellis. ProteinRPN: Towards Accurate Protein Function Prediction with
///   Graph-Based Region Proposals. 2024. <https://arxiv.org/abs/2409.00610>
/// - Gradient: reaches the features and all learnt parameters.
/// - Units: f in shares from 0 to 1; features in those of the last layer.
/// - Departures: the paper's text was not available here; this follows the authors' code. There the
///   features of secondary structure and places, and the cone attention that the paper names, are
///   passed along and not used. They are left out, as are the embeddings of amino acids, off by
///   default, and a connectivity loss that is constant (see `NodeDropPooling`). Its supervised
///   contrast masks positives and takes each protein as its own; use `SupConLoss`. Its second
///   multiset pooling ignores the first, so that `MultisetPooling` with one seed is the same.
/// - Complexity: O(V · F · D + E · F) time for V nodes and E edges; the authors' adjacencies are dense.
public final class ProteinRPN: Layer, Sendable {
  /// The size of a network.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of features F of a node, and of the result.
    public var inputs: Int
    /// The width of the convolutions; default 256, from the authors' code.
    public var hidden: Int
    /// The number of convolutions, and of steps K around a node; default 2, from the authors' code.
    public var steps: Int
    /// The share α of the neighbours in a step; default 0.5, from the authors' code.
    public var share: Double

    /// Creates a configuration.
    public init(inputs: Int, hidden: Int = 256, steps: Int = 2, share: Double = 0.5) {
      self.inputs = inputs
      self.hidden = hidden
      self.steps = steps
      self.share = share
    }
  }

  /// A proposal for each node of a batch.
  public struct Proposal: Sendable {
    /// The features of the nodes, `[V, F]`.
    public let features: Tensor
    /// f, `[V]`.
    public let function: Tensor
    /// d of the pooling, `[V]`.
    public let kept: Tensor
  }

  /// The size.
  public let configuration: Configuration
  /// The convolutions of H.
  public let convolutions: [GraphConvolution]
  /// GAT, with one output.
  public let functionLayer: GraphAttention
  /// t, a scalar.
  public let threshold: Tensor
  /// GAT′.
  public let expansion: GraphAttention
  /// The pooling.
  public let pooling: NodeDropPooling
  /// The attention in the region.
  public let attention: FunctionalAttention

  /// Creates a network of given parts, which it trains in place.
  ///
  /// - Precondition: there is a convolution; `threshold` is a scalar.
  public init(
    _ configuration: Configuration, convolutions: [GraphConvolution],
    functionLayer: GraphAttention, threshold: Tensor, expansion: GraphAttention,
    pooling: NodeDropPooling, attention: FunctionalAttention
  ) {
    precondition(!convolutions.isEmpty, "no convolution")
    precondition(threshold.shape == [], "a threshold of shape \(threshold.shape)")
    self.configuration = configuration
    self.convolutions = convolutions
    self.functionLayer = functionLayer
    self.threshold = threshold.requiringGradient()
    self.expansion = expansion
    self.pooling = pooling
    self.attention = attention
  }

  /// Creates a network with random weights and a threshold of 0.5.
  public convenience init(_ configuration: Configuration, generator: Generator) {
    let (inputs, hidden) = (configuration.inputs, configuration.hidden)
    self.init(
      configuration,
      convolutions: (0..<configuration.steps).map {
        GraphConvolution(from: $0 == 0 ? inputs : hidden, to: hidden, generator: generator)
      }, functionLayer: GraphAttention(.init(inputs: hidden, outputs: 1), generator: generator),
      threshold: Tensor(0.5),
      expansion: GraphAttention(.init(inputs: hidden, outputs: inputs), generator: generator),
      pooling: NodeDropPooling(from: inputs, hidden: hidden, generator: generator),
      attention: FunctionalAttention(from: inputs, to: inputs, generator: generator))
  }

  /// Those of the layers, and `threshold`.
  public var parameters: [(name: String, tensor: Tensor)] {
    convolutions.enumerated().flatMap { $0.element.parameters(under: "convolutions.\($0.offset)") }
      + functionLayer.parameters(under: "functionLayer") + [("threshold", threshold)]
      + expansion.parameters(under: "expansion") + pooling.parameters(under: "pooling")
      + attention.parameters(under: "attention")
  }

  /// Applies the network to the nodes of a batch.
  ///
  /// - Parameter features: `[V, F]`.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ features: Tensor, in batch: LoopedGraphBatch) throws -> Proposal {
    let links = batch.links.converted(to: features.dtype)
    let propagation = try batch.propagation(links)
    var hidden = features
    for (index, convolution) in convolutions.enumerated() {
      if index > 0 { hidden = hidden.leakyReLU(slope: 0.01) }
      hidden = try convolution(.dense(hidden), over: propagation)
    }
    let structure = SparseMatrix(batch.places)
    let function = try ((functionLayer(.dense(hidden), over: structure) - threshold) * 2).sigmoid()
    let expanded = try expansion(.dense(hidden), over: structure).leakyReLU(slope: 0.01)
    // A node without neighbours has no row to divide.
    let rows = try batch.places.rowSums(of: links).clamped(from: 1)
    let steps = SparseMatrix(
      batch.places, values: try links / batch.places.spread(rows).reshaped([-1]))
    var region = function
    for _ in 0..<configuration.steps {
      region =
        try steps.product(with: region) * configuration.share + region * (1 - configuration.share)
    }
    let ends = try batch.places.spread(region) * batch.places.transposed.spread(region)
    let pooled = try pooling(
      expanded * region, weights: (steps.values ?? links) * ends.reshaped([-1]), in: batch)
    let scores = function.squeezed(along: 1)
    return Proposal(
      features: try attention(
        pooled.features, scores: scores, weights: pooled.weights, in: batch),
      function: scores, kept: pooled.kept)
  }
}
