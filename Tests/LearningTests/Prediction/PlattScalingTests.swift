import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct PlattScalingTests {
  private struct Case: Decodable {
    var scores: [Double]
    var outcomes: [Bool]
    var softens: Bool
    var prior: [Double]?
    var slope: Double
    var offset: Double
  }

  @Test func agreesWithScikitLearnAndScipy() throws {
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

  @Test func probabilitiesAreThoseOfTheLogisticFunctionFarOutToo() {
    let line = PlattScaling(slope: 2, offset: -1)
    expectClose(line(0.5), 0.5)
    expectClose(line(1), 1 / (1 + exp(-1.0)))
    #expect(line(1e6) == 1 && line(-1e6) == 0)
  }

  @Test func scoresThatTellNothingGiveTheShareOfTheTrue() throws {
    let line = try PlattScaling(
      fitting: [Double](repeating: 3, count: 10),
      outcomes: (0..<10).map { $0 < 2 }, softensTargets: false)
    expectClose(line(3), 0.2, tolerance: 1e-6)
    let never = try PlattScaling(fitting: [1, 2, 3], outcomes: [false, false, false])
    #expect(never(2) > 0 && never(2) < 0.3)
  }

  @Test func noScoreLeavesThePrior() throws {
    let prior = PlattScaling(slope: 0.7, offset: -2)
    let line = try PlattScaling(fitting: [], outcomes: [], prior: .init(prior, strength: 1))
    #expect(line == prior)
    #expect(throws: InputError.self) { try PlattScaling(fitting: [], outcomes: []) }
    #expect(throws: InputError.self) { try PlattScaling(fitting: [1], outcomes: []) }
    #expect(throws: InputError.self) { try PlattScaling(fitting: [.nan], outcomes: [true]) }
  }
}
