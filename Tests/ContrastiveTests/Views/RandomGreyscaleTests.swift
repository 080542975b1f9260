import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct RandomGreyscaleTests {
  @Test func `white stays white and red turns dark`() {
    let always = RandomGreyscale(probability: 1)
    let generator = Generator(seed: 1)
    let white = Tensor.ones([1, 3, 2, 2], dtype: .float64)
    expectClose(always(white, generator: generator), white)
    let red = Tensor([1.0, 0, 0], shape: [1, 3, 1, 1])
    expectClose(always(red, generator: generator).doubles(), [0.299, 0.299, 0.299])
  }

  @Test func `traps on two channels`() async {
    await #expect(processExitsWith: .failure) {
      _ = RandomGreyscale()(.zeros([1, 2, 2, 2]), generator: Generator(seed: 1))
    }
  }
}
