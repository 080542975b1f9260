import Kernels
public import Storage
public import Torch

/// Learns embeddings of nodes without labels: two views of a graph, with edges and features left out at
/// random, agree on each node and differ on all others.
///
/// With the projections zᵢ of the 2V rows of both views at unit length, and p(i) the same node in the
/// other view:
///
///     H = ReLU(GCN(ReLU(GCN(X)))),   Z = ELU(H W + b) U + c
///     L = (1 / 2V) Σᵢ (log Σ_{k ≠ i} exp(zᵢ · zₖ / τ) − zᵢ · zₚ₍ᵢ₎ / τ)
///
/// - Paper: Zhu, Xu, Yu, Liu, Wu, Wang. Deep Graph Contrastive Representation Learning. ICML Workshop
///   on Graph Representation Learning and Beyond 2020, equations 1 and 2.
///   <https://arxiv.org/abs/2006.04131>
/// - Gradient: reaches both views.
/// - Units: nats, averaged over the rows of both views; log(2V − 1) if all rows are equal.
/// - Departures: ReLU for all data sets; the authors take PReLU for CiteSeer. Entries of the adjacency
///   matrix are left out one by one as in their code, so that an edge may keep one direction. The score
///   matrix is never materialised.
public final class GRACE: Layer, Sendable {
  /// The options of views and loss.
  public struct Configuration: Codable, Hashable, Sendable {
    /// τ; default 0.4, the authors' for Cora.
    public var temperature: Double
    /// The share of entries that each view leaves out; default 0.2 and 0.4, the authors' for Cora.
    public var edgeDropouts: [Double]
    /// The share of features that each view zeroes at all nodes; default 0.3 and 0.4, the authors' for
    /// Cora.
    public var featureDropouts: [Double]

    /// Creates options.
    public init(
      temperature: Double = 0.4, edgeDropouts: [Double] = [0.2, 0.4],
      featureDropouts: [Double] = [0.3, 0.4]
    ) {
      self.temperature = temperature
      self.edgeDropouts = edgeDropouts
      self.featureDropouts = featureDropouts
    }
  }

  /// The options.
  public let configuration: Configuration
  /// The two graph convolutions, from F over 2D to D.
  public let layers: [GraphConvolution]
  /// The projection, from D over a hidden width to D.
  public let head: [Linear]
  private let generator: Generator

  /// Creates a network from layers, which it trains in place.
  ///
  /// - Precondition: two layers and two linear ones; two shares of each kind, in 0 ..< 1; τ > 0.
  public init(
    _ configuration: Configuration = .init(), layers: [GraphConvolution], head: [Linear],
    generator: Generator
  ) {
    precondition(layers.count == 2 && head.count == 2, "\(layers.count), \(head.count) layers")
    let shares = configuration.edgeDropouts + configuration.featureDropouts
    precondition(
      configuration.edgeDropouts.count == 2 && shares.count == 4
        && shares.allSatisfy((0..<1).contains) && configuration.temperature > 0,
      "shares of \(shares) and a temperature of \(configuration.temperature)")
    self.configuration = configuration
    self.layers = layers
    self.head = head
    self.generator = generator
  }

  /// Creates a network with random weights; 128 is the authors' width for Cora.
  public convenience init(
    _ configuration: Configuration = .init(), from inputs: Int, to width: Int = 128,
    headWidth: Int = 128, generator: Generator
  ) {
    self.init(
      configuration,
      layers: [
        GraphConvolution(from: inputs, to: 2 * width, generator: generator),
        GraphConvolution(from: 2 * width, to: width, generator: generator),
      ],
      head: [
        Linear(from: width, to: headWidth, generator: generator),
        Linear(from: headWidth, to: width, generator: generator),
      ], generator: generator)
  }

  /// Those of the layers, under `0`, `1`, `head.0` and `head.1`.
  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $0.element.parameters(under: "\($0.offset)") }
      + head.enumerated().flatMap { $0.element.parameters(under: "head.\($0.offset)") }
  }

  /// H, `[V, F]` → `[V, D]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    let hidden = try layers[0](features, over: propagation).relu()
    return try layers[1](.dense(hidden), over: propagation).relu()
  }

  /// A view: the features, and the propagation of the graph with its edges left out.
  ///
  /// - Parameter index: 0 or 1, whose shares are taken.
  public func view(_ index: Int, of features: NodeFeatures, in graph: Graph) -> (
    features: NodeFeatures, propagation: SparseMatrix
  ) {
    let keeps = Tensor.uniform([graph.entryCount], in: 0..<1, generator: generator)
      .array(of: Float.self)
    let share = Float(configuration.edgeDropouts[index])
    let kept = graph.keepingEntries { keeps[$0] >= share }
    let masked = features.maskingColumns(
      configuration.featureDropouts[index], generator: generator)
    return (masked, GraphConvolution.propagation(of: kept))
  }

  /// L of the embeddings H of both views, `[V, D]` each.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes.
  /// - Complexity: O(V² · D) time, O(V · (D + 1000)) memory.
  public func loss(_ first: Tensor, _ second: Tensor) throws -> Tensor {
    checkViews([first, second])
    let count = first.size(along: 0)
    let rows = try checked { head[1](head[0](.concatenated([first, second])).elu()).normalized() }
    let all = try RowLogSumExp(temperature: configuration.temperature)(
      queries: rows, keys: rows,
      hiding: .ownExample(rows: 2 * count, columns: 2 * count, examples: 2 * count))
    return try checked {
      let pairs = rows[0..<count].rowProducts(with: rows[count..<(2 * count)])
      return all.mean() - pairs.mean() * (1 / configuration.temperature)
    }
  }
}
