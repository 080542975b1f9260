/// Normalises vectors to mean 0 and variance 1, then applies a learned scale and shift.
///
///     y = (x − mean(x)) / √(var(x) + ε) · γ + β
///
/// along the last axis, with the population variance (divided by D).
///
/// - Source: Ba, Kiros, Hinton. Layer Normalization. 2016, <https://arxiv.org/abs/1607.06450>.
public final class LayerNorm: UnaryLayer, Sendable {
  /// The size and options of a layer normalisation.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length D of a vector.
    public var width: Int
    /// The number ε that is added to the variance; 1e-5 as in PyTorch (BERT uses 1e-12).
    public var epsilon: Double

    /// Creates a configuration for vectors of length `width`.
    public init(width: Int, epsilon: Double = 1e-5) {
      self.width = width
      self.epsilon = epsilon
    }
  }

  /// The scale γ, `[D]`.
  public let weight: Tensor
  /// The shift β, `[D]`.
  public let bias: Tensor
  /// The number ε that is added to the variance.
  public let epsilon: Double

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: both are `[D]`.
  public init(weight: Tensor, bias: Tensor, epsilon: Double = 1e-5) {
    precondition(
      weight.dimensionCount == 1 && weight.shape == bias.shape,
      "scale \(weight.shape) and shift \(bias.shape), expected [D] and [D]")
    self.weight = weight.requiringGradient()
    self.bias = bias.requiringGradient()
    self.epsilon = epsilon
  }

  /// Creates a layer with γ = 1 and β = 0.
  public convenience init(_ configuration: Configuration, dtype: DType = .float32) {
    self.init(
      weight: .ones([configuration.width], dtype: dtype),
      bias: .zeros([configuration.width], dtype: dtype), epsilon: configuration.epsilon)
  }

  /// `weight` and `bias`.
  public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight), ("bias", bias)] }

  /// Applies the layer: `[…, D]` → `[…, D]`.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.layerNormalized(weight: weight, bias: bias, epsilon: epsilon)
  }
}
