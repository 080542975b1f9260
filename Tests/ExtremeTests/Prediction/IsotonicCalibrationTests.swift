import Extreme
import Storage
import TestSupport
import Testing

@Suite struct IsotonicCalibrationTests {
  private struct Case: Decodable {
    var scores: [Double]
    var outcomes: [Bool]
    var at: [Double]
    var probabilities: [Double]
  }

  @Test func `agrees with scikit-learn`() throws {
    let cases = try goldenCases("IsotonicCalibration", as: Case.self)
    #expect(cases.count == 3)
    for (number, example) in cases.enumerated() {
      let curve = try IsotonicCalibration(fitting: example.scores, outcomes: example.outcomes)
      expectClose(
        example.at.map { curve($0) }, example.probabilities, tolerance: 1e-12, "case \(number)")
    }
  }

  @Test func `pools match values by hand`() throws {
    // At 1: 0, at 2: 1, at 3: 0 and 0, at 4: 1. The 1 at 2 and the 0s at 3 pool to 1/3.
    let curve = try IsotonicCalibration(
      fitting: [4, 2, 3, 3, 1], outcomes: [true, true, false, false, false])
    expectClose(
      [0, 1, 1.5, 2, 2.7, 3, 3.5, 4, 9].map { curve($0) },
      [0, 0, 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 3, 2.0 / 3, 1, 1])
  }

  @Test func `the curve never falls`() throws {
    var random = SplitMix64(7)
    let scores = (0..<2_000).map { _ in Double.random(in: 0..<1, using: &random) }
    let outcomes = scores.map { Double.random(in: 0..<1, using: &random) < 0.4 + 0.2 * $0 }
    let curve = try IsotonicCalibration(fitting: scores, outcomes: outcomes)
    let values = scores.sorted().map { curve($0) }
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 })
    // Pooling moves outcomes within pools only.
    expectClose(values.reduce(0, +), Double(outcomes.count { $0 }), tolerance: 1e-9)
  }

  @Test func `throws on no scores`() {
    #expect(throws: ValueError.self) { try IsotonicCalibration(fitting: [], outcomes: []) }
  }
}
