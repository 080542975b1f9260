import Extreme
import Storage
import TestSupport
import Testing

@Suite struct TemperatureScalingTests {
  private struct Case: Decodable {
    var scores: [Double]
    var outcomes: [Bool]
    var temperature: Double
  }

  @Test func `agrees with scikit-learn`() throws {
    let cases = try goldenCases("TemperatureScaling", as: Case.self)
    #expect(cases.count == 3)
    for example in cases {
      let fit = try TemperatureScaling(fitting: example.scores, outcomes: example.outcomes)
      expectClose(fit.temperature / example.temperature, 1, tolerance: 1e-6)
    }
  }

  @Test func `recovers a known temperature`() throws {
    // At a score of ±1 exactly 3 of 4 outcomes are as the sign says: σ(1 / T) = 3/4, T = 1 / ln 3.
    let fit = try TemperatureScaling(
      fitting: [1, 1, 1, 1, -1, -1, -1, -1],
      outcomes: [true, true, true, false, false, false, false, true])
    expectClose(fit.temperature, 1 / 1.0986122886681098, tolerance: 1e-12)
    expectClose(fit(1), 0.75, tolerance: 1e-12)
  }

  @Test func `rejects data without an optimal temperature`() {
    #expect(throws: ValueError.self) {
      try TemperatureScaling(fitting: [1, -1], outcomes: [false, true])
    }
    #expect(throws: ValueError.self) {
      try TemperatureScaling(fitting: [1, -1], outcomes: [true, false])
    }
    #expect(throws: ValueError.self) {
      try TemperatureScaling(fitting: [0, 0], outcomes: [true, false])
    }
    #expect(throws: ValueError.self) { try TemperatureScaling(fitting: [], outcomes: []) }
  }
}
