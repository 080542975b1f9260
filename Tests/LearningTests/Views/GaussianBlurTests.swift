import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct GaussianBlurTests {
  @Test func agreesWithPyTorch() throws { try checkView(GaussianBlur.self) }

  @Test func whatIsEvenStaysEven() {
    let even = Tensor.full([2, 3, 5, 5], 0.3, dtype: .float64)
    let blur = GaussianBlur(kernel: 5, probability: 1)
    expectClose(blur(even, generator: Generator(seed: 1)), even, tolerance: 1e-14)
  }

  @Test func aNarrowWindowChangesNothing() {
    let x = pictures([2, 1, 5, 5])
    let blur = GaussianBlur(smallestWidth: 0.01, largestWidth: 0.01, probability: 1)
    expectClose(blur(x, generator: Generator(seed: 1)), x, tolerance: 1e-14)
  }

  @Test func refusesAnEvenWindow() async {
    await #expect(processExitsWith: .failure) {
      _ = GaussianBlur(kernel: 4)(.zeros([1, 1, 8, 8]), generator: Generator(seed: 1))
    }
  }
}
