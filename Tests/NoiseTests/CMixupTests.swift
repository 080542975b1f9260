import Foundation
import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct CMixupTests {
  private struct Case: Decodable {
    let options: CMixup
    let targets: [[Double]]
    let shares: [[Double]]
  }

  @Test func `agrees with scikit-learn's kernel density`() throws {
    let golden = try Golden<Case>("CMixup")
    #expect(golden.cases.count == 3)
    for example in golden.cases {
      let found = try example.options.shares(
        of: Array(example.targets.indices), targets: Tensor(rows: example.targets))
      expectClose(found.doubles(), example.shares.flatMap { $0 }, tolerance: 1e-12)
    }
  }

  @Test func `an infinite bandwidth is mixup`() throws {
    let shares = try CMixup(bandwidth: .infinity).shares(
      of: [1], targets: Tensor(rows: [[0.0], [5], [1e6], [-3]]))
    #expect(shares.doubles() == [0.25, 0.25, 0.25, 0.25])
  }

  @Test func `partners follow the kernel`() throws {
    let mixup = CMixup(bandwidth: 1)
    let targets = Tensor(rows: [[0.0], [1], [2], [100]])
    var random = SplitMix64(3)
    let drawn = try mixup.partners(
      of: [Int](repeating: 1, count: 20_000), targets: targets, using: &random)
    let counts = (0..<4).map { other in Double(drawn.count { $0 == other }) / 20_000 }
    // exp(−½) : 1 : exp(−½) : 0; three standard deviations are 0.011.
    let near = exp(-0.5) / (1 + 2 * exp(-0.5))
    expectClose(counts, [near, 1 - 2 * near, near, 0], tolerance: 0.011)
  }

  @Test func `ratios have the beta distribution's moments`() {
    var random = SplitMix64(8)
    let ratios = (0..<20_000).map { _ in CMixup(concentration: 2).ratio(using: &random) }
    let mean = Loops.mean(ratios)
    expectClose(mean, 0.5, tolerance: 0.005)
    // 1 / (4 (2 α + 1))
    expectClose(Loops.mean(ratios.map { ($0 - mean) * ($0 - mean) }), 0.05, tolerance: 0.002)
  }

  @Test func `mixes values and passes their gradients on`() throws {
    let (values, partners) = (
      Tensor(rows: [[1.0, 2]]).requiringGradient(), Tensor(rows: [[5.0, -2]]).requiringGradient()
    )
    let mixed = try CMixup.mixed(values, with: partners, ratio: 0.75)
    expectClose(mixed.doubles(), [2, 1], tolerance: 1e-12)
    let slopes = try gradients(of: mixed.sum(), withRespectTo: [values, partners])
    expectClose(slopes[0]?.doubles() ?? [], [0.75, 0.75])
    expectClose(slopes[1]?.doubles() ?? [], [0.25, 0.25])
  }
}
