import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct HorizontalFlipTests {
  @Test func `flipping twice restores the picture`() {
    let x = pictures([3, 2, 4, 5])
    let flip = HorizontalFlip(probability: 1)
    let once = flip(x, generator: Generator(seed: 1))
    #expect(!once.isIdentical(to: x))
    #expect(flip(once, generator: Generator(seed: 2)).isIdentical(to: x))
  }

  @Test func `flips about half of the pictures`() {
    let x = Tensor((0..<2000).flatMap { _ in [0.0, 1.0] }, shape: [2000, 1, 1, 2])
    let first = HorizontalFlip()(x, generator: Generator(seed: 3)).slice(0..<1, along: 3)
    #expect(abs(first.mean().scalar - 0.5) < 0.04)
  }

  @Test func `traps on tensors that are not pictures`() async {
    await #expect(processExitsWith: .failure) {
      _ = HorizontalFlip()(.zeros([2, 3, 4]), generator: Generator(seed: 1))
    }
  }
}
