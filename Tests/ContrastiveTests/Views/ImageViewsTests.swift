import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct ImageViewsTests {
  @Test func `stays between 0 and 1 in float32`() {
    for (views, channels) in [(ImageViews.smallPictures, 3), (.characters, 1)] {
      let x = pictures([8, channels, 28, 28]).converted(to: .float32)
      let view = views(x, generator: Generator(seed: 1))
      #expect(view.shape == x.shape && view.dtype == .float32)
      #expect(view.minimum().scalar >= 0 && view.maximum().scalar <= 1.00001)
    }
  }
}
