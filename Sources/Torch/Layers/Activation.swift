/// An element-wise activation function as a layer.
public final class Activation: UnaryLayer {
  /// The available functions.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// max(x, 0).
    case relu
    /// x Φ(x) with the normal distribution Φ.
    case gelu
    /// x sigmoid(x).
    case silu
    /// The hyperbolic tangent.
    case tanh
    /// 1 / (1 + e^−x).
    case sigmoid
  }

  /// The function that the layer applies.
  public let kind: Kind

  /// Creates a layer that applies the function `kind`.
  public init(_ kind: Kind) { self.kind = kind }

  /// Empty: there is nothing to learn.
  public var parameters: [(name: String, tensor: Tensor)] { [] }

  /// Applies the function.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    switch kind {
    case .relu: input.relu()
    case .gelu: input.gelu()
    case .silu: input.silu()
    case .tanh: input.tanh()
    case .sigmoid: input.sigmoid()
    }
  }
}
