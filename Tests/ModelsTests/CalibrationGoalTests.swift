import Extreme
import Foundation
import Storage
import Testing

@testable import Models

@Suite struct CalibrationGoalTests {
  /// Three documents; scores are log-odds, so that the identity gives probabilities.
  private func pairs() throws -> ScoredPairs {
    try ScoredPairs(
      offsets: [0, 3, 6, 9], labels: [0, 1, 2, 0, 1, 2, 0, 1, 2],
      scores: [3, 2.5, -1, 2, 1.9, -2, 1, 0.9, -3],
      truth: CSRMatrix(rows: [[0], [0], [0]], columnCount: 3))
  }

  private var identity: FittedCalibration {
    FittedCalibration(
      shareWeight: 0, curve: .platt(line: PlattScaling(slope: 1, offset: 0)), lines: [:],
      thresholds: LabelThresholds(common: 0.5))
  }

  private func decisions(_ fit: FittedCalibration) throws -> [[Int32]] {
    let pairs = try pairs()
    let rows = fit.decisions(on: pairs, probabilities: fit.probabilities(of: pairs))
    return (0..<rows.rowCount).map { Array(rows.columns(ofRow: $0)) }
  }

  @Test func `F1 takes a limit where a threshold alone cannot`() throws {
    let fit = try identity.choosingDecisions(.init(goal: .f1), on: pairs())
    #expect(fit.limit == 1)
    #expect(try decisions(fit) == [[0], [0], [0]])
    // Without the goal there is no limit, and second labels are wrong.
    let plain = try identity.choosingDecisions(.init(), on: pairs())
    #expect(plain.limit == nil)
    #expect(try decisions(plain) != [[0], [0], [0]])
  }

  @Test func `F1 takes no limit that changes nothing`() throws {
    let pairs = try ScoredPairs(
      offsets: [0, 2, 4], labels: [0, 1, 0, 1], scores: [2, 1, 2, -2],
      truth: CSRMatrix(rows: [[0, 1], [0]], columnCount: 2))
    let fit = try identity.choosingDecisions(.init(goal: .f1), on: pairs)
    #expect(fit.limit == nil)
    #expect(fit.thresholds.common < 0.7 && fit.thresholds.common > 0.12)
  }

  @Test(arguments: [(1.0, 1), (0.6, 5), (0.5, 6), (0.34, 8)])
  func `precision takes the lowest threshold that reaches it`(least: Double, count: Int) throws {
    let fit = try identity.choosingDecisions(.init(goal: .precision(atLeast: least)), on: pairs())
    #expect(try decisions(fit).joined().count == count)
  }

  @Test func `an unreachable precision assigns nothing`() throws {
    let pairs = try ScoredPairs(
      offsets: [0, 1], labels: [1], scores: [2], truth: CSRMatrix(rows: [[0]], columnCount: 2))
    let fit = try identity.choosingDecisions(.init(goal: .precision(atLeast: 0.1)), on: pairs)
    #expect(fit.decisions(on: pairs, probabilities: fit.probabilities(of: pairs)).entryCount == 0)
  }

  @Test func `goals survive a round trip`() throws {
    for goal in [RunCalibration.Goal.f1, .precision(atLeast: 0.9)] {
      let settings = RunCalibration.Settings(goal: goal)
      let data = try JSONEncoder.stable.encode(settings)
      #expect(try JSONDecoder().decode(RunCalibration.Settings.self, from: data) == settings)
    }
  }
}
