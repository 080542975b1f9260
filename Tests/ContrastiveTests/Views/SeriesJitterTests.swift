import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct SeriesJitterTests {
  @Test func `noise has the given deviation`() {
    let x = Tensor.ones([500, 2, 4], dtype: .float64)
    let change = SeriesJitter(deviation: 0.2)(x, generator: Generator(seed: 2)) - x
    let deviation = change.squared().mean().squareRoot().scalar
    #expect(abs(deviation - 0.2) < 0.02, "\(deviation)")
    #expect(change.variance(along: 2).minimum().scalar > 0)
  }

  @Test func `traps on pictures`() async {
    await #expect(processExitsWith: .failure) {
      _ = SeriesJitter()(.zeros([1, 1, 4, 4]), generator: Generator(seed: 1))
    }
  }
}
