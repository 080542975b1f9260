import Torch

/// A small convolutional network for images of 28 × 28 or 32 × 32, followed by a projection.
///
/// Three convolutions of stride 2 with batch normalisation, a linear layer to the embedding, and a
/// perceptron with one hidden layer to the projection.
final class PictureEncoder: Layer {
  private let convolutions: [(Convolution2d, BatchNorm)]
  private let head: Linear
  private let projection: [Linear]

  /// Creates random weights from a seed.
  init(
    seed: UInt64, inputs: Int = 1, channels: [Int] = [8, 16, 32], dimension: Int = 64,
    projected: Int = 32
  ) {
    let generator = Generator(seed: seed)
    convolutions = zip([inputs] + channels, channels).map { inputs, outputs in
      (
        Convolution2d(
          .init(
            inputs: inputs, outputs: outputs, kernel: 3, stride: 2, padding: 1, hasBias: false),
          generator: generator),
        BatchNorm(.init(channels: outputs))
      )
    }
    // 28 → 14 → 7 → 4, or 32 → 16 → 8 → 4.
    head = Linear(from: 16 * channels[channels.count - 1], to: dimension, generator: generator)
    projection = [
      Linear(from: dimension, to: dimension, generator: generator),
      Linear(from: dimension, to: projected, generator: generator),
    ]
  }

  var parameters: [(name: String, tensor: Tensor)] {
    let parts = convolutions.enumerated().flatMap { index, pair in
      pair.0.parameters(under: "convolutions.\(index)") + pair.1.parameters(under: "norms.\(index)")
    }
    return parts + head.parameters(under: "head")
      + projection.enumerated().flatMap { $1.parameters(under: "projection.\($0)") }
  }

  /// The parameters of the embedding, without the projection.
  var embeddingParameters: [Tensor] {
    parameters.filter { !$0.name.hasPrefix("projection") }.map(\.tensor)
  }

  /// The embeddings `[N, D]` of images `[N, C, H, W]`.
  func embedded(_ pictures: Tensor) -> Tensor {
    let maps = convolutions.reduce(pictures) { $1.1($1.0($0)).relu() }
    return head(maps.reshaped([pictures.size(along: 0), -1]))
  }

  /// The projections of embeddings, `[N, P]`.
  func projected(_ embeddings: Tensor) -> Tensor {
    projection[1](projection[0](embeddings.relu()).relu())
  }

  /// The embeddings of many images, with running statistics and without gradients.
  func embeddedAll(_ pictures: Tensor) -> Tensor {
    for (_, norm) in convolutions { norm.isTraining = false }
    defer { for (_, norm) in convolutions { norm.isTraining = true } }
    return withoutGradients {
      let count = pictures.size(along: 0)
      return Tensor.concatenated(
        stride(from: 0, to: count, by: 500).map {
          embedded(pictures[$0..<min(count, $0 + 500)])
        })
    }
  }
}
