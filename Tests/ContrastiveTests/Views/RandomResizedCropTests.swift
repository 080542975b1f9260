import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct RandomResizedCropTests {
  @Test func `a full box changes nothing`() {
    let x = pictures([2, 3, 5, 7])
    let whole = RandomResizedCrop.Box(top: 0, left: 0, height: 5, width: 7)
    expectClose(RandomResizedCrop()(x, boxes: [whole, whole]), x, tolerance: 1e-13)
  }

  @Test func `a single pixel fills the picture`() {
    let x = pictures([1, 2, 4, 4])
    let pixel = RandomResizedCrop.Box(top: 2, left: 1, height: 1, width: 1)
    let view = RandomResizedCrop()(x, boxes: [pixel])
    for channel in 0..<2 {
      let value = x[0][channel][2][1].scalar
      expectClose(
        view[0][channel].doubles(), [Double](repeating: value, count: 16), tolerance: 1e-13)
    }
  }

  @Test func `boxes stay within their limits`() {
    let crop = RandomResizedCrop(smallestArea: 0.2, largestArea: 0.8)
    let boxes = crop.draw(count: 500, height: 28, width: 28, generator: Generator(seed: 4))
    for box in boxes {
      #expect(box.top >= 0 && box.top + box.height <= 28)
      #expect(box.left >= 0 && box.left + box.width <= 28)
      // Half a pixel either way is the rounding.
      let (h, w) = (Double(box.height), Double(box.width))
      #expect((h + 0.5) * (w + 0.5) >= 0.2 * 784 && (h - 0.5) * (w - 0.5) <= 0.8 * 784)
      #expect((w - 0.5) / (h + 0.5) <= 4.0 / 3 && (h - 0.5) / (w + 0.5) <= 4.0 / 3)
    }
    #expect(Set(boxes).count > 400)
    #expect(boxes.contains { $0.top == 0 } && boxes.contains { $0.top + $0.height == 28 })
  }

  @Test func `traps on a box outside the picture`() async {
    await #expect(processExitsWith: .failure) {
      _ = RandomResizedCrop()(
        .zeros([1, 1, 4, 4]), boxes: [.init(top: 2, left: 0, height: 3, width: 4)])
    }
  }
}
