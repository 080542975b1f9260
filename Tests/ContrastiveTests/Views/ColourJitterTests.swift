import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct ColourJitterTests {
  @Test func `a hue shift keeps the extreme channel values`() {
    let x = pictures([2, 3, 6, 6])
    let turn = ColourJitter(brightness: 0, contrast: 0, saturation: 0, hue: 0.5, probability: 1)
    let y = turn(x, generator: Generator(seed: 2))
    #expect(!y.isIdentical(to: x))
    expectClose(y.maximum(along: 1), x.maximum(along: 1), tolerance: 1e-12)
    expectClose(y.minimum(along: 1), x.minimum(along: 1), tolerance: 1e-12)
  }

  @Test func `stays between 0 and 1`() {
    let strong = ColourJitter(brightness: 3, contrast: 3, saturation: 3, hue: 0.5, probability: 1)
    for seed in 0..<6 as Range<UInt64> {
      let y = strong(pictures([4, 3, 4, 4], seed: seed), generator: Generator(seed: seed))
      #expect(y.minimum().scalar >= 0 && y.maximum().scalar <= 1)
    }
  }

  @Test func `traps on hue over one half`() async {
    await #expect(processExitsWith: .failure) {
      _ = ColourJitter(hue: 0.6)(.zeros([1, 3, 2, 2]), generator: Generator(seed: 1))
    }
  }
}
