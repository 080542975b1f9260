import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct ClassBalancedWeightsTests {
  @Test func `matches PyTorch`() throws {
    for found in try Golden<CountsCase>("ClassBalancedWeights").cases {
      expectClose(
        ClassBalancedWeights(beta: found.strength)(counts: found.counts), found.values,
        tolerance: 1e-9)
    }
  }

  @Test func `the mean weight of the positives is 1, values are kept`() throws {
    let labels = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 2, 3, 4] as [Int64]), columns: MappedArray([0, 2, 0, 0]),
      values: MappedArray([1, 0.5, 2, 0] as [Float]), columnCount: 4)
    let weights = ClassBalancedWeights(beta: 0.5)(counts: [3, 0, 1, 0])
    // (1 − ½³) and (1 − ½) are 7/8 and 1/2.
    let ratio = (7.0 / 8) / (1.0 / 2)
    expectClose(weights[2] / weights[0], ratio, tolerance: 1e-12)
    expectClose(3 * weights[0] + weights[2], 4, tolerance: 1e-12)
    #expect(weights[1] == weights[2] && weights[3] == weights[2])
    let weighted = ClassBalancedWeights(beta: 0.5).weighting(labels)
    let values = try #require(weighted.values).map(Double.init)
    expectClose(
      values, [weights[0], weights[2] / 2, 2 * weights[0], 0], tolerance: 1e-6)
    #expect(weighted.columns.elementsEqual(labels.columns))
  }

  @Test func `β 0 weighs all alike, nothing is weighed without positives`() {
    #expect(ClassBalancedWeights(beta: 0)(counts: [9, 0, 1]) == [1, 1, 1])
    #expect(ClassBalancedWeights()(counts: [0, 0]) == [1, 1])
  }

  @Test func `traps on β 1`() async {
    await #expect(processExitsWith: .failure) {
      _ = ClassBalancedWeights(beta: 1)(counts: [1])
    }
  }
}
