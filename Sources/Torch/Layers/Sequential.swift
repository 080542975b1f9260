/// Layers applied one after the other.
public final class Sequential: UnaryLayer, TrainingAware {
  /// The layers, in the order of application.
  public let layers: [any UnaryLayer]

  /// Creates a chain of `layers`.
  public init(_ layers: any UnaryLayer...) { self.layers = layers }

  /// Creates a chain of `layers`.
  public init(_ layers: [any UnaryLayer]) { self.layers = layers }

  /// The parameters of all layers, prefixed with the layer's index: "0.weight", "2.weight" and so
  /// on.
  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $0.element.parameters(under: "\($0.offset)") }
  }

  /// The buffers of all layers, prefixed in the same way.
  public var buffers: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $0.element.buffers(under: "\($0.offset)") }
  }

  /// Whether the network is being trained; setting it updates every layer that depends on it.
  public var isTraining = true {
    didSet {
      for case let layer as any TrainingAware in layers { layer.isTraining = isTraining }
    }
  }

  /// Applies the layers in order.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    layers.reduce(input) { $1($0) }
  }
}
