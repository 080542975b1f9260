import Torch

/// A convolution without offsets and a batch normalisation: the brick of the encoders of images and
/// series.
final class NormalizedConvolution: UnaryLayer, TrainingAware {
  let convolution: any UnaryLayer
  let norm: BatchNorm
  private let names: (convolution: String, norm: String)

  /// - Parameters:
  ///   - axes: 1 for series, 2 for images.
  ///   - names: what the two parts are called.
  init(
    axes: Int, _ configuration: ConvolutionConfiguration,
    names: (convolution: String, norm: String) = ("convolution", "norm"), generator: Generator,
    dtype: DType
  ) {
    var configuration = configuration
    configuration.hasBias = false
    let window = [Int](repeating: configuration.kernel, count: axes)
    // Normal with the variance that keeps the size of gradients behind a rectifier: He, Zhang, Ren,
    // Sun. Delving Deep into Rectifiers. ICCV 2015, equation 14. <https://arxiv.org/abs/1502.01852>
    let fan = window.reduce(configuration.outputs, *)
    var weight = Tensor.normal(
      [configuration.outputs, configuration.inputs] + window, generator: generator, dtype: dtype)
    weight *= (2 / Double(fan)).squareRoot()
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
