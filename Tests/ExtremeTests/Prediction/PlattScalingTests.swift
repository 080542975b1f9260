import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct PlattScalingTests {
  private struct Case: Decodable {
    var scores: [Double]
    var outcomes: [Bool]
    var softens: Bool
    var prior: [Double]?
    var slope: Double
    var offset: Double
  }

  @Test func `agrees with scikit-learn and SciPy`() throws {
    let cases = try goldenCases("PlattScaling", as: Case.self)
    #expect(cases.count == 11)
    for (number, example) in cases.enumerated() {
      let prior = example.prior.map {
        PlattScaling.Prior(PlattScaling(slope: $0[0], offset: $0[1]), strength: $0[2])
      }
      let line = try PlattScaling(
        fitting: example.scores, outcomes: example.outcomes, softensTargets: example.softens,
        prior: prior)
      expectClose(line.slope, example.slope, tolerance: 2e-6, "slope of case \(number)")
      expectClose(line.offset, example.offset, tolerance: 2e-6, "offset of case \(number)")
    }
  }

  @Test func `follows the logistic function even at extreme scores`() {
    let line = PlattScaling(slope: 2, offset: -1)
    expectClose(line(0.5), 0.5)
    expectClose(line(1), 1 / (1 + exp(-1.0)))
    #expect(line(1e6) == 1 && line(-1e6) == 0)
  }

  @Test func `uninformative scores give the base rate`() throws {
    let line = try PlattScaling(
      fitting: [Double](repeating: 3, count: 10),
      outcomes: (0..<10).map { $0 < 2 }, softensTargets: false)
    expectClose(line(3), 0.2, tolerance: 1e-6)
    let never = try PlattScaling(fitting: [1, 2, 3], outcomes: [false, false, false])
    #expect(never(2) > 0 && never(2) < 0.3)
  }

  @Test func `no scores leave the prior`() throws {
    let prior = PlattScaling(slope: 0.7, offset: -2)
    let line = try PlattScaling(fitting: [], outcomes: [], prior: .init(prior, strength: 1))
    #expect(line == prior)
    #expect(throws: ValueError.self) { try PlattScaling(fitting: [], outcomes: []) }
    #expect(throws: ValueError.self) { try PlattScaling(fitting: [1], outcomes: []) }
    #expect(throws: ValueError.self) { try PlattScaling(fitting: [.nan], outcomes: [true]) }
  }
}
