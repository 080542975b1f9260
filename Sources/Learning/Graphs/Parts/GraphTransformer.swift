public import Torch

/// A network over whole graphs (GraphGPS): encoded nodes, GPS layers, the mean of a graph's nodes and a
/// perceptron.
public final class GraphTransformer: Layer, TrainingAware {
  /// The size and options of a network.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length of a node's features and encodings.
    public var inputs: Int
    /// The length of a graph's outputs.
    public var outputs: Int
    /// The width D of a layer; default 64, GraphGPS's for ZINC.
    public var width: Int
    /// The number of layers; default 4.
    public var layers: Int
    /// The number of heads; default 4, GraphGPS's for ZINC.
    public var heads: Int
    /// The probability of zeroing a number; default 0, GraphGPS's for ZINC.
    public var dropout: Double
    /// Whether nodes attend to all others of their graph, or have messages of neighbours alone.
    public var hasAttention: Bool

    /// Creates a configuration.
    public init(
      inputs: Int, outputs: Int, width: Int = 64, layers: Int = 4, heads: Int = 4,
      dropout: Double = 0, hasAttention: Bool = true
    ) {
      self.inputs = inputs
      self.outputs = outputs
      self.width = width
      self.layers = layers
      self.heads = heads
      self.dropout = dropout
      self.hasAttention = hasAttention
    }
  }

  /// The size and options.
  public let configuration: Configuration
  /// From a node's features and encodings to the width.
  public let embedding: Linear
  /// The layers, with sums over neighbours (GIN) for messages.
  public let layers: [GPSLayer<GINConvolution>]
  /// From a graph's mean to its outputs.
  public let head: Sequential

  /// Whether the network is being trained.
  public var isTraining = true {
    didSet { for layer in layers { layer.isTraining = isTraining } }
  }

  /// Creates a network with random weights.
  public init(_ configuration: Configuration, generator: Generator) {
    let width = configuration.width
    func linear(_ inputs: Int, _ outputs: Int) -> Linear {
      Linear(from: inputs, to: outputs, generator: generator)
    }
    self.configuration = configuration
    embedding = linear(configuration.inputs, width)
    layers = (0..<configuration.layers).map { _ in
      GPSLayer(
        local: GINConvolution(
          network: Sequential(linear(width, width), Activation(.relu), linear(width, width))),
        width: width, hasAttention: configuration.hasAttention, heads: configuration.heads,
        dropout: configuration.dropout, generator: generator)
    }
    head = Sequential(
      linear(width, width), Activation(.relu), linear(width, configuration.outputs))
  }

  private var parts: [(name: String, layer: any Layer)] {
    [("embedding", embedding)] + layers.enumerated().map { ("\($0.offset)", $0.element) }
      + [("head", head)]
  }

  /// Those of the embedding, of each layer and of the head.
  public var parameters: [(name: String, tensor: Tensor)] {
    parts.flatMap { $0.layer.parameters(under: $0.name) }
  }

  /// The running statistics of the layers.
  public var buffers: [(name: String, tensor: Tensor)] {
    parts.flatMap { $0.layer.buffers(under: $0.name) }
  }

  /// Applies the network, `[V, inputs]` → `[G, outputs]`.
  ///
  /// - Parameter features: the features and encodings of the batch's nodes.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ features: Tensor, of batch: GraphBatch) throws -> Tensor {
    let propagation = GINConvolution.propagation(of: batch.graph)
    var hidden = embedding(features)
    for layer in layers { hidden = try layer(hidden, over: propagation, pairs: batch.pairs) }
    return head(try batch.means.product(with: hidden))
  }
}
