/// A convolution over series.
///
/// - Source: LeCun, Bottou, Bengio, Haffner. Gradient-based learning applied to document
///   recognition. Proceedings of the IEEE 1998. <https://doi.org/10.1109/5.726791>
/// - Departures: a cross-correlation: filters are not flipped, as in all current libraries.
public final class Convolution1d: UnaryLayer {
  /// The sizes and options of a convolution.
  public typealias Configuration = ConvolutionConfiguration

  /// The layer's configuration.
  public let configuration: Configuration
  /// The filters, `[outputs, inputs / groups, K]`.
  public let weight: Tensor
  /// The biases, `[outputs]`.
  public let bias: Tensor?

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: the weights have the shape that the configuration asks for.
  public init(_ configuration: Configuration, weight: Tensor, bias: Tensor? = nil) {
    configuration.require(weight: weight, bias: bias, axes: 1)
    self.configuration = configuration
    self.weight = weight.requiringGradient()
    self.bias = bias?.requiringGradient()
  }

  /// Creates a layer with random weights, uniform in ±1 / √(inputs of a filter) as in PyTorch.
  public convenience init(
    _ configuration: Configuration, generator: Generator, dtype: DType = .float32
  ) {
    let (weight, bias) = configuration.draw(axes: 1, generator: generator, dtype: dtype)
    self.init(configuration, weight: weight, bias: bias)
  }

  /// `weight`, and `bias` if the layer has one.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  /// Applies the layer: `[N, inputs, L]` → `[N, outputs, L′]`.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.convolved(
      weight, bias, stride: configuration.stride, padding: configuration.padding,
      dilation: configuration.dilation, groups: configuration.groups)
  }
}
