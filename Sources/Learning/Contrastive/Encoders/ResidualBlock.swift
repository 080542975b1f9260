import Torch

/// Two convolutions with a shortcut connection.
///
///     y = relu(norm(W₂ ∗ relu(norm(W₁ ∗ x))) + shortcut(x))
///
/// The shortcut is the identity, or a 1 × 1 convolution if the shape changes.
final class ResidualBlock: UnaryLayer, TrainingAware {
  private let first: NormalizedConvolution
  private let second: NormalizedConvolution
  private let shortcut: NormalizedConvolution?

  init(from inputs: Int, to outputs: Int, stride: Int, generator: Generator, dtype: DType) {
    first = NormalizedConvolution(
      axes: 2, .init(inputs: inputs, outputs: outputs, kernel: 3, stride: stride, padding: 1),
      names: ("conv1", "bn1"), generator: generator, dtype: dtype)
    second = NormalizedConvolution(
      axes: 2, .init(inputs: outputs, outputs: outputs, kernel: 3, padding: 1),
      names: ("conv2", "bn2"), generator: generator, dtype: dtype)
    shortcut =
      stride == 1 && inputs == outputs
      ? nil
      : NormalizedConvolution(
        axes: 2, .init(inputs: inputs, outputs: outputs, kernel: 1, stride: stride),
        names: ("downsample.0", "downsample.1"), generator: generator, dtype: dtype)
  }

  private var parts: [NormalizedConvolution] { [first, second] + (shortcut.map { [$0] } ?? []) }

  var parameters: [(name: String, tensor: Tensor)] { parts.flatMap(\.parameters) }

  var buffers: [(name: String, tensor: Tensor)] { parts.flatMap(\.buffers) }

  var isTraining = true { didSet { for part in parts { part.isTraining = isTraining } } }

  func callAsFunction(_ input: Tensor) -> Tensor {
    (second(first(input).relu()) + (shortcut?(input) ?? input)).relu()
  }
}
