/// Layers applied one after the other.
public final class Sequential: UnaryLayer, TrainingAware {
  /// The layers, first one first.
  public let layers: [any UnaryLayer]

  /// A chain of `layers`.
  public init(_ layers: any UnaryLayer...) { self.layers = layers }

  /// A chain of `layers`.
  public init(_ layers: [any UnaryLayer]) { self.layers = layers }

  /// The parameters of all layers, named by the layer's place: "0.weight", "2.weight" and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $0.element.parameters(under: "\($0.offset)") }
  }

  /// The buffers of all layers, named likewise.
  public var buffers: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $0.element.buffers(under: "\($0.offset)") }
  }

  /// Whether the network is being trained; setting it reaches every layer that cares.
  public var isTraining = true {
    didSet {
      for case let layer as any TrainingAware in layers { layer.isTraining = isTraining }
    }
  }

  /// Applies the layers in turn.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    layers.reduce(input) { $1($0) }
  }
}
