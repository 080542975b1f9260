import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct ResNetEncoderTests {
  @Test func `value, gradient and running statistics agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<ResNetEncoder.Configuration>>(
      "ResNetEncoder"
    ).cases
    #expect(cases.count >= 2)
    for (index, one) in cases.enumerated() {
      let layer = ResNetEncoder(one.options, generator: Generator(seed: 1), dtype: .float64)
      try one.check(layer, "case \(index)")
    }
  }

  @Test func `equal seeds give equal weights`() {
    let layers = [3, 3, 4].map {
      ResNetEncoder(.init(width: 2, blocks: [1, 1]), generator: Generator(seed: $0))
    }
    for ((_, a), ((_, b), (name, c))) in zip(
      layers[0].parameters, zip(layers[1].parameters, layers[2].parameters))
    {
      #expect(a.isIdentical(to: b), "\(name)")
      #expect(a.dimensionCount == 1 || !a.isIdentical(to: c), "\(name)")
    }
  }

  @Test func `the default is ResNet-18`() {
    let encoder = ResNetEncoder(.init(), generator: Generator(seed: 1))
    // torchvision's 11,689,512 with 1000 classes (513,000) and a stem of 7 × 7 in place of 3 × 3.
    #expect(encoder.parameterCount == 11_689_512 - 513_000 - 64 * 3 * (49 - 9))
    #expect(encoder.configuration.dimension == 512)
    #expect(encoder.parameters.count == 60 && encoder.buffers.count == 40)
    #expect(encoder.parameters.last?.name == "layer4.1.bn2.bias")
    encoder.isTraining = false
    #expect(withoutGradients { encoder(.ones([1, 3, 8, 8])) }.shape == [1, 512])
  }
}
