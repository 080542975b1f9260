/// Filters that slide over series.
///
/// - Source: LeCun, Bottou, Bengio, Haffner. Gradient-based learning applied to document
///   recognition. Proceedings of the IEEE 1998. <https://doi.org/10.1109/5.726791>
/// - Departures: the inner products are those of the filter as it is, not turned around, as
///   everywhere today.
public final class Convolution1d: UnaryLayer {
  /// The shape of a convolution.
  public typealias Configuration = ConvolutionConfiguration

  /// The shape of the layer.
  public let configuration: Configuration
  /// The filters, `[outputs, inputs / groups, K]`.
  public let weight: Tensor
  /// The offsets, `[outputs]`.
  public let bias: Tensor?

  /// A layer with the given weights, which it trains in place.
  ///
  /// - Precondition: the weights are of the configuration's shape.
  public init(_ configuration: Configuration, weight: Tensor, bias: Tensor? = nil) {
    configuration.require(weight: weight, bias: bias, axes: 1)
    self.configuration = configuration
    self.weight = weight.requiringGradient()
    self.bias = bias?.requiringGradient()
  }

  /// A layer with random weights, drawn evenly from ±1 / √(numbers a filter sees) as PyTorch does.
  public convenience init(
    _ configuration: Configuration, generator: Generator, dtype: DType = .float32
  ) {
    let (weight, bias) = configuration.draw(axes: 1, generator: generator, dtype: dtype)
    self.init(configuration, weight: weight, bias: bias)
  }

  /// `weight` and, where there is one, `bias`.
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
