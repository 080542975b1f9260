import Evaluation
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct CalibrationErrorTests {
  private struct Case: Decodable {
    var probabilities: [Double]
    var outcomes: [Bool]
    var bins: Int
    var counts: [Int]
    var means, frequencies: [Double]
    var expected, maximum, brierScore, logLoss: Double
  }

  @Test func `agrees with scikit-learn and NumPy`() throws {
    let cases = try Golden<Case>("CalibrationError").cases
    #expect(cases.count == 2)
    for example in cases {
      let error = try CalibrationError(
        probabilities: example.probabilities, outcomes: example.outcomes, binCount: example.bins)
      #expect(error.bins.count == example.bins)
      let filled = error.bins.filter { $0.count > 0 }
      #expect(filled.map(\.count) == example.counts)
      expectClose(filled.map(\.meanProbability), example.means)
      expectClose(filled.map(\.frequency), example.frequencies)
      expectClose(error.expected, example.expected)
      expectClose(error.maximum, example.maximum)
      expectClose(error.brierScore, example.brierScore)
      expectClose(error.logLoss, example.logLoss)
    }
  }

  @Test func `edges fall in the upper bin, wrong certainty stays finite`() throws {
    let error = try CalibrationError(
      probabilities: [0, 0.5, 1], outcomes: [false, true, false], binCount: 2)
    #expect(error.bins.map(\.count) == [1, 2])
    // The upper bin: 0.75 on average, half of it true.
    expectClose(error.expected, 2.0 / 3 * 0.25)
    // 1 − 1e-12 is rounded, and its difference to 1 with it.
    expectClose(error.logLoss, (1e-12 + log(2) - log(1e-12)) / 3, tolerance: 1e-5)
    let nothing = try CalibrationError(probabilities: [], outcomes: [])
    #expect(nothing.expected == 0 && nothing.logLoss == 0)
  }

  @Test(arguments: [-0.1, 1.1, .nan]) func `rejects values outside 0 to 1`(value: Double) {
    #expect(throws: ValueError.self) {
      try CalibrationError(probabilities: [value], outcomes: [true])
    }
    #expect(throws: ValueError.self) { try CalibrationError(probabilities: [0.5], outcomes: []) }
  }
}
