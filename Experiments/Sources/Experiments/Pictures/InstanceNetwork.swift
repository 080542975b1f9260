import Contrastive
import Torch

/// A small convolutional network with a batch-normalised head, as in papers on contrastive
/// learning.
///
/// The loss sees the head's output; embeddings are taken before it.
final class InstanceNetwork: Layer, Dependent {
  static var uses: [Any.Type] { [PictureEncoder.self, ProjectionHead.self] }

  let encoder: PictureEncoder
  let head: ProjectionHead

  /// Creates random weights from a seed.
  ///
  /// - Parameters:
  ///   - hidden: the width of the head's hidden layers.
  ///   - outputs: the dimension of a projection.
  ///   - layers: the number of the head's linear layers.
  ///   - output: the operation after the last one.
  init(
    seed: UInt64, hidden: Int = 128, outputs: Int = 64, layers: Int = 2,
    output: ProjectionHead.Output = .plain
  ) {
    encoder = PictureEncoder(seed: seed, channels: [16, 32, 64])
    head = ProjectionHead(
      .init(inputs: 64, hidden: hidden, outputs: outputs, layers: layers, output: output),
      generator: Generator(seed: seed &+ 1000))
  }

  var parameters: [(name: String, tensor: Tensor)] {
    encoder.parameters(under: "encoder").filter { !$0.name.contains("projection") }
      + head.parameters(under: "head")
  }

  /// The projections of images `[N, 1, 28, 28]`.
  func callAsFunction(_ pictures: Tensor) -> Tensor { head(encoder.embedded(pictures).relu()) }

  /// The projections of many images, with running statistics and without gradients.
  func projectedAll(_ pictures: Tensor) -> Tensor {
    head.isTraining = false
    defer { head.isTraining = true }
    return withoutGradients { head(encoder.embeddedAll(pictures).relu()) }
  }
}
