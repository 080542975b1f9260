public import Storage
public import Torch

/// A layer that averages over neighbours, with weights from learnt attention.
///
/// For each head, with hᵢ = W xᵢ, the node i itself among its neighbours N(i), and LR the leaky ReLU:
///
///     eᵢⱼ = LR(a · hᵢ + c · hⱼ),   αᵢⱼ = softmax over j ∈ N(i) of eᵢⱼ
///     yᵢ  = Σⱼ αᵢⱼ hⱼ + b
///
/// The heads' outputs are concatenated, or averaged in a last layer.
///
/// - Paper: Veličković, Cucurull, Casanova, Romero, Liò, Bengio. Graph Attention Networks. ICLR 2018,
///   equations 1 to 6. <https://arxiv.org/abs/1710.10903>
/// - Gradient: reaches the features and the learnt weights, through the shares too.
/// - Units: those of the features times W; shares sum to 1.
/// - Departures: none. Dropout of the shares αᵢⱼ is in the authors' code and in the paper's experiments.
public final class GraphAttention: GraphLayer, TrainingAware, Sendable {
  /// The size and options of a layer.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of features F of a node.
    public var inputs: Int
    /// The number of outputs of each head.
    public var outputs: Int
    /// The number of heads.
    public var heads: Int
    /// Whether the heads' outputs are averaged, and not concatenated.
    public var averages: Bool
    /// The slope of the leaky ReLU below 0; default 0.2, the paper's.
    public var slope: Double
    /// The probability of leaving out a neighbour in training.
    public var dropout: Double

    /// Creates a configuration.
    public init(
      inputs: Int, outputs: Int, heads: Int = 1, averages: Bool = false, slope: Double = 0.2,
      dropout: Double = 0
    ) {
      self.inputs = inputs
      self.outputs = outputs
      self.heads = heads
      self.averages = averages
      self.slope = slope
      self.dropout = dropout
    }
  }

  /// The size and options.
  public let configuration: Configuration
  /// W, `[F, heads · outputs]`.
  public let weight: Tensor
  /// a, `[heads, outputs]`: the attention of the receiving node.
  public let receiver: Tensor
  /// c, `[heads, outputs]`: the attention of its neighbours.
  public let sender: Tensor
  /// b, of the layer's outputs.
  public let bias: Tensor
  private let dropout: Dropout

  /// Whether neighbours are left out at random.
  public var isTraining: Bool {
    get { dropout.isTraining }
    set { dropout.isTraining = newValue }
  }

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: the shapes are those of the configuration.
  public init(
    _ configuration: Configuration, weight: Tensor, receiver: Tensor, sender: Tensor, bias: Tensor,
    generator: Generator
  ) {
    let (heads, outputs) = (configuration.heads, configuration.outputs)
    precondition(
      weight.shape == [configuration.inputs, heads * outputs] && receiver.shape == [heads, outputs]
        && sender.shape == [heads, outputs]
        && bias.shape == [configuration.averages ? outputs : heads * outputs],
      "weights \(weight.shape), \(receiver.shape), \(sender.shape) and bias \(bias.shape)")
    self.configuration = configuration
    self.weight = weight.requiringGradient()
    self.receiver = receiver.requiringGradient()
    self.sender = sender.requiringGradient()
    self.bias = bias.requiringGradient()
    dropout = Dropout(configuration.dropout, generator: generator)
  }

  /// Creates a layer with Glorot's random weights and a bias of 0.
  public convenience init(_ configuration: Configuration, generator: Generator) {
    let (heads, outputs) = (configuration.heads, configuration.outputs)
    self.init(
      configuration,
      weight: .glorot([configuration.inputs, heads * outputs], generator: generator),
      receiver: .glorot([heads, outputs], generator: generator),
      sender: .glorot([heads, outputs], generator: generator),
      bias: .zeros([configuration.averages ? outputs : heads * outputs]), generator: generator)
  }

  /// `weight`, `receiver`, `sender` and `bias`.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("weight", weight), ("receiver", receiver), ("sender", sender), ("bias", bias)]
  }

  /// The neighbours of each node and the node itself; without values.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    SparseMatrix(graph.addingSelfLoops().neighbours)
  }

  /// Applies the layer, `[V, F]` → `[V, heads · outputs]`, or `[V, outputs]` if it averages.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    let (heads, outputs) = (configuration.heads, configuration.outputs)
    let places = propagation.places
    let hidden = try features.product(with: weight)
    let shares = dropout(try shares(hidden, places))
    let result = try places.sums(of: hidden, weights: shares)
    guard configuration.averages, heads > 1 else { return result + bias }
    return result.reshaped([features.nodeCount, heads, outputs]).mean(along: 1) + bias
  }

  /// The shares αᵢⱼ of each node's neighbours, `[E, heads]` in the order of the places, all of them.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func shares(_ features: NodeFeatures, over propagation: SparseMatrix) throws -> Tensor {
    try shares(features.product(with: weight), propagation.places)
  }

  private func shares(_ hidden: Tensor, _ places: SparsePlaces) throws -> Tensor {
    let byHead = hidden.reshaped(
      [hidden.size(along: 0), configuration.heads, configuration.outputs])
    let scores =
      try
      (places.spread((byHead * receiver).sum(along: 2))
      + places.transposed.spread((byHead * sender).sum(along: 2)))
    return try places.softmax(scores.leakyReLU(slope: configuration.slope))
  }
}
