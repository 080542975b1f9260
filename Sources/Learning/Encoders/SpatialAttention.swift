public import Torch

/// Weighs the places of feature maps, so that an embedding shows where it looks.
///
/// Stands between a convolutional encoder's maps and their averaging; the weights are a picture of
/// what the embedding is about, which may serve as a weak segmentation:
///
///     A  = σ(W₃ ∗ relu(W₂ ∗ relu(W₁ ∗ h)))     windows of 3 × 3; C, C / 8, C / 32 channels, then one
///     h′ = h ∘ A                               the same weight for all channels of a place
///
/// - Paper: Adiga, Dolz, Lombaert. Attention-based Dynamic Subspace Learners for Medical Image
///   Analysis. IEEE JBHI 2022. <https://arxiv.org/abs/2206.09068>
/// - Gradient: reaches the maps, directly and through the weights, and all parameters.
/// - Units: weights in 0 … 1, which need not sum to 1.
/// - Departures: the formula is that of the authors' code, since the paper's full text could not be
///   had; maps of fewer than 32 channels, which it cannot take, have one channel inside.
public final class SpatialAttention: UnaryLayer {
  /// The number C of channels.
  public let channels: Int
  private let layers: [Convolution2d]

  /// Makes a layer with random weights for maps of `channels` channels.
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

  /// The weights of the places, `[N, C, H, W]` → `[N, 1, H, W]`.
  public func weights(of maps: Tensor) -> Tensor {
    layers[2](layers[1](layers[0](maps).relu()).relu()).sigmoid()
  }

  /// The maps times their weights, `[N, C, H, W]`.
  public func callAsFunction(_ maps: Tensor) -> Tensor { maps * weights(of: maps) }
}
