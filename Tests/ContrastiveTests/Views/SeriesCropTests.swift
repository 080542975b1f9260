import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct SeriesCropTests {
  @Test func `a line stays a line`() {
    let line = Tensor((0..<12).map(Double.init), shape: [1, 1, 12]).expanded(to: [40, 1, 12])
    let y = SeriesCrop(smallestShare: 0.25)(line, generator: Generator(seed: 2))
    let steps = y.slice(1..<12, along: 2) - y.slice(0..<11, along: 2)
    expectClose(steps.variance(along: 2).maximum().scalar, 0, tolerance: 1e-20)
    #expect(y.minimum().scalar >= 0 && y.maximum().scalar <= 11)
    // The shortest stretch has 3 steps over 11, the longest 11 over 11.
    let slopes = steps.slice(0..<1, along: 2)
    #expect(slopes.minimum().scalar < 0.4 && slopes.minimum().scalar >= 2.0 / 11 - 1e-12)
    #expect(slopes.maximum().scalar > 0.8)
  }

  @Test func `traps on share 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = SeriesCrop(smallestShare: 0)(.zeros([1, 1, 4]), generator: Generator(seed: 1))
    }
  }
}
