/// A layer from one tensor to one tensor; `Sequential` chains these.
public protocol UnaryLayer: Layer {
  /// Applies the layer.
  func callAsFunction(_ input: Tensor) -> Tensor
}

/// A component that behaves differently in training.
public protocol TrainingAware: AnyObject {
  /// Whether the network is being trained; initially true.
  var isTraining: Bool { get set }
}
