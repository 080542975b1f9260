import Torch

/// A convolution without bias, followed by batch normalisation: the building block of the image and
/// series encoders.
final class NormalizedConvolution: UnaryLayer, TrainingAware {
  let convolution: any UnaryLayer
  let norm: BatchNorm
  private let names: (convolution: String, norm: String)

  /// - Parameters:
  ///   - axes: 1 for series, 2 for images.
  ///   - names: the parameter prefixes of the two parts.
  init(
    axes: Int, _ configuration: ConvolutionConfiguration,
    names: (convolution: String, norm: String) = ("convolution", "norm"), generator: Generator,
    dtype: DType
  ) {
    var configuration = configuration
    configuration.hasBias = false
    let window = [Int](repeating: configuration.kernel, count: axes)
    // Normal, with the variance that preserves the scale of gradients through a rectifier: He,
    // Zhang, Ren, Sun. Delving Deep into Rectifiers. ICCV 2015, equation 14.
    // <https://arxiv.org/abs/1502.01852>
    let fan = window.reduce(configuration.outputs, *)
    let weight = Tensor.normal(
      [configuration.outputs, configuration.inputs] + window, generator: generator, dtype: dtype)
    weight.multiplyInPlace(by: (2 / Double(fan)).squareRoot())
    convolution =
      axes == 1
      ? Convolution1d(configuration, weight: weight)
      : Convolution2d(configuration, weight: weight)
    norm = BatchNorm(.init(channels: configuration.outputs), dtype: dtype)
    self.names = names
  }

  var parameters: [(name: String, tensor: Tensor)] {
    convolution.parameters(under: names.convolution) + norm.parameters(under: names.norm)
  }

  var buffers: [(name: String, tensor: Tensor)] { norm.buffers(under: names.norm) }

  var isTraining = true { didSet { norm.isTraining = isTraining } }

  func callAsFunction(_ input: Tensor) -> Tensor { norm(convolution(input)) }
}
