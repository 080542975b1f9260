import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct SpatialAttentionTests {
  private struct Options: Decodable {
    let channels: Int
  }

  /// The input of the encoder checks; the module has no parameters.
  private final class Trained: UnaryLayer, TrainingAware {
    let attention: SpatialAttention
    var isTraining = true

    init(_ attention: SpatialAttention) { self.attention = attention }

    var parameters: [(name: String, tensor: Tensor)] { attention.parameters }
    func callAsFunction(_ input: Tensor) -> Tensor { attention(input) }
  }

  @Test func `value and gradient agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<Options>>("SpatialAttention").cases
    #expect(cases.count == 2)
    for one in cases {
      let channels = one.options.channels
      let layer = SpatialAttention(
        channels: channels, generator: Generator(seed: 1), dtype: .float64)
      try one.check(Trained(layer), "\(channels) channels")
    }
  }

  @Test func `weighs the positions of feature maps`() {
    let encoder = ConvolutionalEncoder(.init(widths: [4, 6]), generator: Generator(seed: 2))
    let pictures = Tensor.uniform([3, 1, 8, 8], in: 0..<1, generator: Generator(seed: 3))
    let maps = encoder.maps(of: pictures)
    #expect(maps.shape == [3, 6, 4, 4])
    #expect(maps.globallyAveraged().isIdentical(to: encoder(pictures)))
    let attention = SpatialAttention(channels: 6, generator: Generator(seed: 4))
    let weights = attention.weights(of: maps)
    #expect(weights.shape == [3, 1, 4, 4])
    #expect(weights.doubles().allSatisfy { $0 > 0 && $0 < 1 })
    #expect(attention(maps).isIdentical(to: maps * weights))
  }
}
