public import Storage
import Synchronization
public import Torch

/// Layers over a graph, one after the other, with dropout before each and an activation between them.
public final class GraphNetwork<GraphLayerType: GraphLayer>: NodeNetwork {
  /// The layers, in the order of application.
  public let layers: [GraphLayerType]
  /// The probability of zeroing a feature before each layer, in training.
  public let dropout: Double
  /// Between layers, e^x − 1 below 0 (ELU) in place of 0 (ReLU).
  public let usesELU: Bool
  private let generator: Generator
  private let isTrained = Atomic(true)

  /// Whether features are zeroed at random.
  public var isTraining: Bool {
    get { isTrained.load(ordering: .relaxed) }
    set {
      isTrained.store(newValue, ordering: .relaxed)
      for case let layer as any TrainingAware in layers { layer.isTraining = newValue }
    }
  }

  /// Creates a network of layers.
  ///
  /// - Precondition: there is a layer, and `dropout` lies in 0 … 1.
  public init(
    _ layers: [GraphLayerType], dropout: Double = 0.5, usesELU: Bool = false, generator: Generator
  ) {
    precondition(!layers.isEmpty, "no layer")
    precondition((0...1).contains(dropout), "a probability of \(dropout)")
    self.layers = layers
    self.dropout = dropout
    self.usesELU = usesELU
    self.generator = generator
  }

  /// The parameters of all layers, prefixed with the layer's index.
  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $0.element.parameters(under: "\($0.offset)") }
  }

  /// Those of the layers.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    GraphLayerType.propagation(of: graph)
  }

  /// Applies the layers, `[V, F]` → `[V, C]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    var input = features
    for (index, layer) in layers.enumerated() {
      if isTraining, dropout > 0 { input = input.droppedOut(dropout, generator: generator) }
      let output = try layer(input, over: propagation)
      guard index < layers.count - 1 else { return output }
      input = .dense(usesELU ? output.elu() : output.relu())
    }
    return try input.dense()
  }
}

extension GraphNetwork where GraphLayerType == GraphConvolution {
  /// A network of graph convolutions (GCN): the authors' has one hidden layer of 16 and dropout 0.5.
  public convenience init(
    convolutionsFrom inputs: Int, hidden: Int = 16, to classes: Int, layers: Int = 2,
    dropout: Double = 0.5, generator: Generator
  ) {
    self.init(
      (0..<layers).map { layer in
        GraphConvolution(
          from: layer == 0 ? inputs : hidden, to: layer == layers - 1 ? classes : hidden,
          generator: generator)
      }, dropout: dropout, generator: generator)
  }
}

extension GraphNetwork where GraphLayerType == GraphAttention {
  /// A network of two attention layers (GAT) with the settings of the paper's transductive
  /// experiments: 8 heads of 8, one output head, dropout 0.6.
  public convenience init(
    attentionFrom inputs: Int, heads: Int = 8, headWidth: Int = 8, to classes: Int,
    outputHeads: Int = 1, attentionDropout: Double = 0.6, generator: Generator
  ) {
    self.init(
      [
        GraphAttention(
          .init(inputs: inputs, outputs: headWidth, heads: heads, dropout: attentionDropout),
          generator: generator),
        GraphAttention(
          .init(
            inputs: heads * headWidth, outputs: classes, heads: outputHeads, averages: true,
            dropout: attentionDropout), generator: generator),
      ], dropout: attentionDropout, usesELU: true, generator: generator)
  }
}

extension GraphNetwork where GraphLayerType == SAGEConvolution {
  /// A network of layers with neighbours' means (GraphSAGE).
  public convenience init(
    meansFrom inputs: Int, hidden: Int = 16, to classes: Int, layers: Int = 2,
    dropout: Double = 0.5, generator: Generator
  ) {
    self.init(
      (0..<layers).map { layer in
        SAGEConvolution(
          from: layer == 0 ? inputs : hidden, to: layer == layers - 1 ? classes : hidden,
          generator: generator)
      }, dropout: dropout, generator: generator)
  }
}

extension GraphNetwork where GraphLayerType == HypergraphConvolution {
  /// A network of hypergraph convolutions (HGNN): the authors' has one hidden layer of 16 and dropout
  /// 0.5, LightHGNN's teacher one of 32.
  public convenience init(
    hypergraphConvolutionsFrom inputs: Int, hidden: Int = 16, to classes: Int, layers: Int = 2,
    dropout: Double = 0.5, generator: Generator
  ) {
    self.init(
      (0..<layers).map { layer in
        HypergraphConvolution(
          from: layer == 0 ? inputs : hidden, to: layer == layers - 1 ? classes : hidden,
          generator: generator)
      }, dropout: dropout, generator: generator)
  }
}
