import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct GaussianBlurTests {
  @Test func `leaves a constant picture unchanged`() {
    let even = Tensor.full([2, 3, 5, 5], 0.3, dtype: .float64)
    let blur = GaussianBlur(kernel: 5, probability: 1)
    expectClose(blur(even, generator: Generator(seed: 1)), even, tolerance: 1e-14)
  }

  @Test func `traps on an even window`() async {
    await #expect(processExitsWith: .failure) {
      _ = GaussianBlur(kernel: 4)(.zeros([1, 1, 8, 8]), generator: Generator(seed: 1))
    }
  }
}
