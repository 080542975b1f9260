import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct SeriesJitterTests {
  @Test func agreesWithPyTorch() throws { try checkView(SeriesJitter.self) }

  @Test func noDeviationIsNoChange() {
    let x = pictures([3, 2, 7])
    expectClose(SeriesJitter(deviation: 0)(x, generator: Generator(seed: 1)), x, tolerance: 1e-15)
  }

  @Test func hasTheDeviationThatWasAskedFor() {
    let x = Tensor.ones([500, 2, 4], dtype: .float64)
    let change = SeriesJitter(deviation: 0.2)(x, generator: Generator(seed: 2)) - x
    let deviation = change.squared().mean().squareRoot().scalar
    #expect(abs(deviation - 0.2) < 0.02, "\(deviation)")
    #expect(change.variance(along: 2).minimum().scalar > 0)
  }

  @Test func refusesPictures() async {
    await #expect(processExitsWith: .failure) {
      _ = SeriesJitter()(.zeros([1, 1, 4, 4]), generator: Generator(seed: 1))
    }
  }
}
