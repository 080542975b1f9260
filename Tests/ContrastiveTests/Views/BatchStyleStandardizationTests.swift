import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct BatchStyleStandardizationTests {
  @Test func `leaves the style picture unchanged`() {
    let x = pictures([3, 2, 6, 7])
    for area in [0, 0.3, 1] {
      let y = BatchStyleStandardization()(x, style: 1, area: area)
      expectClose(y[1], x[1], tolerance: 1e-13, "\(area)")
      #expect(!y[0].isIdentical(to: x[0]))
    }
  }

  @Test func `area 0 exchanges only the mean`() {
    let x = pictures([2, 2, 4, 5])
    let y = BatchStyleStandardization()(x, style: 0, area: 0)
    func means(_ x: Tensor) -> Tensor {
      x.mean(along: 3, keepingDimensions: true).mean(along: 2, keepingDimensions: true)
    }
    expectClose(y[1] - means(y)[1], x[1] - means(x)[1], tolerance: 1e-13)
    expectClose(means(y)[1], means(x)[0], tolerance: 1e-13)
  }

  @Test func `ignores brightness and contrast of other pictures`() {
    let x = pictures([2, 1, 6, 6])
    let bss = BatchStyleStandardization()
    let changed = Tensor.concatenated([x[0..<1], x[1..<2] * 0.5])
    expectClose(
      bss(changed, style: 0, area: 1), bss(x, style: 0, area: 1), tolerance: 1e-12)
  }

  @Test func `every picture can provide the style`() {
    let x = pictures([3, 1, 4, 4])
    let bss = BatchStyleStandardization(smallestArea: 1, largestArea: 1)
    let generator = Generator(seed: 5)
    let kept = (0..<40).map { _ -> [Bool] in
      let y = bss(x, generator: generator)
      return (0..<3).map { (y[$0] - x[$0]).magnitude().maximum().scalar < 1e-12 }
    }
    #expect(kept.allSatisfy { $0.filter { $0 }.count == 1 })
    #expect(Set(kept).count == 3)
  }

  @Test func `traps on a style index out of range`() async {
    await #expect(processExitsWith: .failure) {
      _ = BatchStyleStandardization()(.zeros([2, 1, 4, 4]), style: 2, area: 0.1)
    }
  }
}
