/// A component with learned weights.
///
/// A layer is a final class made from a configuration value; there is nothing to override and
/// nothing is registered. Parameters are leaf tensors that optimisers change in place, so their
/// identity never changes.
public protocol Layer: AnyObject {
  /// The learned tensors with their names, in a fixed order; names of nested layers use dots.
  var parameters: [(name: String, tensor: Tensor)] { get }

  /// Learned tensors that receive no gradients, such as running statistics; a layer includes the
  /// buffers of its parts.
  var buffers: [(name: String, tensor: Tensor)] { get }
}

extension Layer {
  /// Empty: only the parameters are learned.
  public var buffers: [(name: String, tensor: Tensor)] { [] }

  /// Everything that a file must store: the parameters, then the buffers.
  public var state: [(name: String, tensor: Tensor)] { parameters + buffers }

  /// The number of learned numbers.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.elementCount } }

  /// The parameters with `prefix` and a dot before each name, for use in an enclosing layer.
  public func parameters(under prefix: String) -> [(name: String, tensor: Tensor)] {
    parameters.map { ("\(prefix).\($0.name)", $0.tensor) }
  }

  /// The buffers with `prefix` and a dot before each name, for use in an enclosing layer.
  public func buffers(under prefix: String) -> [(name: String, tensor: Tensor)] {
    buffers.map { ("\(prefix).\($0.name)", $0.tensor) }
  }
}
