import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct SeriesPermutationTests {
  @Test func `keeps every step and moves channels together`() {
    let steps = Tensor((0..<10).map(Double.init), shape: [1, 1, 10])
    let x = Tensor.concatenated([steps, steps + 100], along: 1).expanded(to: [20, 2, 10])
    let y = SeriesPermutation()(x, generator: Generator(seed: 3))
    expectClose(y.sorted(along: 2).values, x * 1, tolerance: 0)
    expectClose(
      y.slice(1..<2, along: 1) - y.slice(0..<1, along: 1),
      .full([20, 1, 10], 100, dtype: .float64),
      tolerance: 0)
    #expect(!y.isIdentical(to: x))
  }

  @Test func `traps on more pieces than steps`() async {
    await #expect(processExitsWith: .failure) {
      _ = SeriesPermutation(largestCount: 5)(.zeros([1, 1, 4]), generator: Generator(seed: 1))
    }
  }
}
