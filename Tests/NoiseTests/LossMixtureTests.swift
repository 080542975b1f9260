import Noise
import TestSupport
import Testing

@Suite struct LossMixtureTests {
  private struct Case: Decodable {
    let options: LossMixture
    let losses: [Double]
    let shares: [Double]
  }

  @Test func `agrees with scikit-learn`() throws {
    let golden = try Golden<Case>("LossMixture")
    #expect(golden.cases.count == 4)
    for (index, example) in golden.cases.enumerated() {
      expectClose(
        example.options(example.losses), example.shares, tolerance: 1e-6, "case \(index)")
    }
  }

  @Test func `is invariant to scale, shift and order`() throws {
    let losses = try Golden<Case>("LossMixture").cases[1].losses
    let own = LossMixture()(losses)
    expectClose(LossMixture()(losses.map { 3 * $0 - 7 }), own, tolerance: 1e-9)
    expectClose(LossMixture()(losses.reversed()), own.reversed(), tolerance: 1e-9)
  }

  @Test func `two far clusters are told apart`() {
    let found = LossMixture()([0.1, 0.2, 9.9, 0.15, 10])
    expectClose(found, [1, 1, 0, 1, 0], tolerance: 1e-6)
  }

  @Test func `equal losses count as clean`() {
    #expect(LossMixture()([2, 2, 2]) == [1, 1, 1])
    #expect(LossMixture()([]) == [])
    #expect(LossMixture()([3]) == [1])
  }
}
