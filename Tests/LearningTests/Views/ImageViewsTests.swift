import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct ImageViewsTests {
  @Test func agreesWithTheChainInPyTorch() throws { try checkView(ImageViews.self) }

  @Test func nothingIsNoChange() {
    let x = pictures([2, 3, 4, 4])
    #expect(ImageViews()(x, generator: Generator(seed: 1)).isIdentical(to: x))
  }

  @Test func twoViewsDifferAndTheSameStateMakesTheSameView() {
    for (views, channels) in [(ImageViews.smallPictures, 3), (.characters, 1)] {
      let x = pictures([8, channels, 28, 28]).converted(to: .float32)
      let generator = Generator(seed: 1)
      let state = generator.state
      let first = views(x, generator: generator)
      let second = views(x, generator: generator)
      #expect(first.shape == x.shape && first.dtype == .float32)
      #expect(first.minimum().scalar >= 0 && first.maximum().scalar <= 1.00001)
      #expect(!first.isIdentical(to: second))
      generator.state = state
      #expect(views(x, generator: generator).isIdentical(to: first))
    }
  }
}
