import Foundation
import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NestedDropoutTests {
  private struct Case: Decodable {
    let options: NestedDropout
    let width: Int
    let shares: [Double]
  }

  @Test func `agrees with the authors' distribution`() throws {
    let golden = try Golden<Case>("NestedDropout")
    #expect(golden.cases.count == 3)
    for example in golden.cases {
      expectClose(
        example.options.shares(width: example.width), example.shares, tolerance: 1e-12)
    }
  }

  @Test func `drawn numbers follow the distribution`() {
    let dropout = NestedDropout(deviation: 2)
    var random = SplitMix64(4)
    var counts = [Double](repeating: 0, count: 4)
    for _ in 0..<20_000 { counts[dropout.kept(width: 4, using: &random) - 1] += 1 / 20_000 }
    // Three standard deviations are 0.011.
    expectClose(counts, dropout.shares(width: 4), tolerance: 0.011)
  }

  @Test func `the first features stay as they are`() throws {
    let features = Tensor(rows: [[1.0, 2, 3], [4, 5, 6]]).requiringGradient()
    let masked = try NestedDropout.masked(features, keeping: 2)
    #expect(masked.doubles() == [1, 2, 0, 4, 5, 0])
    let slope = try gradients(of: masked.sum(), withRespectTo: [features])[0]
    #expect(slope?.doubles() == [1, 1, 0, 1, 1, 0])
    var random = SplitMix64(1)
    let drawn = try NestedDropout(mean: 1, deviation: 0.01)(features, using: &random)
    #expect(drawn.doubles() == [1, 0, 0, 4, 0, 0])
  }

  @Test func `fewer features win unless more gain enough`() {
    #expect(NestedDropout.best(of: [0.5, 0.9, 0.9, 0.900_001]) == 2)
    #expect(NestedDropout.best(of: [0.5, 0.9, 0.9, 0.901]) == 4)
    #expect(NestedDropout.best(of: [0.5]) == 1)
  }

  @Test func `a tiny deviation far from the mean stays finite`() {
    expectClose(NestedDropout(mean: 500, deviation: 1e-3).shares(width: 3), [0, 0, 1])
  }
}
