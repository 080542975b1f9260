import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct SeriesScalingTests {
  @Test func `factors have the given deviation`() {
    let x = Tensor.ones([500, 2, 4], dtype: .float64)
    let change = SeriesScaling(deviation: 0.2)(x, generator: Generator(seed: 2)) - x
    let deviation = change.squared().mean().squareRoot().scalar
    #expect(abs(deviation - 0.2) < 0.02, "\(deviation)")
    expectClose(change.variance(along: 2).maximum().scalar, 0, tolerance: 1e-15)
  }

  @Test func `traps on pictures`() async {
    await #expect(processExitsWith: .failure) {
      _ = SeriesScaling()(.zeros([1, 1, 4, 4]), generator: Generator(seed: 1))
    }
  }
}
