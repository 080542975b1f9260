import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct ConvolutionalEncoderTests {
  @Test func `value, gradient and running statistics agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<ConvolutionalEncoder.Configuration>>(
      "ConvolutionalEncoder"
    ).cases
    #expect(cases.count >= 2)
    for (index, one) in cases.enumerated() {
      let layer = ConvolutionalEncoder(one.options, generator: Generator(seed: 1), dtype: .float64)
      try one.check(layer, "case \(index)")
    }
  }

  @Test func `equal seeds give equal weights`() {
    let layers = [3, 3, 4].map {
      ConvolutionalEncoder(.init(widths: [2, 3]), generator: Generator(seed: $0))
    }
    for ((_, a), ((_, b), (name, c))) in zip(
      layers[0].parameters, zip(layers[1].parameters, layers[2].parameters))
    {
      #expect(a.isIdentical(to: b), "\(name)")
      #expect(a.dimensionCount == 1 || !a.isIdentical(to: c), "\(name)")
    }
  }

  @Test func `pictures of any size give the same embedding width`() {
    let encoder = ConvolutionalEncoder(.init(), generator: Generator(seed: 1))
    encoder.isTraining = false
    for side in [4, 28, 32, 33] {
      #expect(encoder(.ones([2, 1, side, side])).shape == [2, 128])
    }
    #expect(encoder.parameterCount == 9 * (32 + 32 * 64 + 64 * 128) + 2 * (32 + 64 + 128))
  }
}
