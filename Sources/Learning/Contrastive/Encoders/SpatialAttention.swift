public import Torch

/// Weighs the positions of feature maps, so that an embedding shows where the network looks.
///
/// Sits between a convolutional encoder's maps and their average. The weights show which parts of
/// the image determine the embedding and can serve as a weak segmentation:
///
///     A  = σ(W₃ ∗ relu(W₂ ∗ relu(W₁ ∗ h)))     windows of 3 × 3; C, C / 8, C / 32 channels, then one
///     h′ = h ∘ A                               one weight for all channels of a position
///
/// - Paper: Adiga, Dolz, Lombaert. Attention-based Dynamic Subspace Learners for Medical Image
///   Analysis. IEEE JBHI 2022. <https://arxiv.org/abs/2206.09068>
/// - Gradient: reaches the maps, directly and through the weights, and all parameters.
/// - Units: weights in 0 … 1, which need not sum to 1.
/// - Departures: the formula follows the authors' code, because the paper's full text was not
///   available; maps of fewer than 32 channels, which the code does not support, use one inner
///   channel.
public final class SpatialAttention: UnaryLayer {
  /// The number C of channels.
  public let channels: Int
  private let layers: [Convolution2d]

  /// Creates a layer with random weights for maps of `channels` channels.
  public init(channels: Int, generator: Generator, dtype: DType = .float32) {
    precondition(channels > 0, "\(channels) channels")
    self.channels = channels
    let widths = [channels, max(channels / 8, 1), max(channels / 32, 1), 1]
    layers = zip(widths, widths.dropFirst()).map {
      Convolution2d(
        .init(inputs: $0, outputs: $1, kernel: 3, padding: 1), generator: generator, dtype: dtype)
    }
  }

  /// "layers.0.weight", "layers.0.bias" and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $1.parameters(under: "layers.\($0)") }
  }

  /// The weights of the positions, `[N, C, H, W]` → `[N, 1, H, W]`.
  public func weights(of maps: Tensor) -> Tensor {
    layers[2](layers[1](layers[0](maps).relu()).relu()).sigmoid()
  }

  /// The maps times their weights, `[N, C, H, W]`.
  public func callAsFunction(_ maps: Tensor) -> Tensor { maps * weights(of: maps) }
}
