import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct SeriesEncoderTests {
  @Test func `value, gradient and running statistics agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<SeriesEncoder.Configuration>>(
      "SeriesEncoder"
    ).cases
    #expect(cases.count >= 2)
    for (index, one) in cases.enumerated() {
      let layer = SeriesEncoder(one.options, generator: Generator(seed: 1), dtype: .float64)
      try one.check(layer, "case \(index)")
    }
  }

  @Test func `equal seeds give equal weights`() {
    let layers = [3, 3, 4].map {
      SeriesEncoder(.init(widths: [2, 3], kernels: [3, 3]), generator: Generator(seed: $0))
    }
    for ((_, a), ((_, b), (name, c))) in zip(
      layers[0].parameters, zip(layers[1].parameters, layers[2].parameters))
    {
      #expect(a.isIdentical(to: b), "\(name)")
      #expect(a.dimensionCount == 1 || !a.isIdentical(to: c), "\(name)")
    }
  }

  @Test func `builds both networks of the paper`() {
    let plain = SeriesEncoder(.init(), generator: Generator(seed: 1))
    let residual = SeriesEncoder(.residual(channels: 3), generator: Generator(seed: 1))
    #expect(plain(.ones([2, 1, 24])).shape == [2, 128])
    #expect(residual(.ones([2, 3, 25])).shape == [2, 128])
    #expect(plain.parameters.count == 9 && residual.parameters.count == 36)
  }

  @Test func `traps on even kernels`() async {
    await #expect(processExitsWith: .failure) {
      _ = SeriesEncoder(.init(widths: [2], kernels: [4]), generator: Generator(seed: 1))
    }
  }
}
