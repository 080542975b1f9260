import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct FalseNegativeFilterTests {
  private struct Case: Decodable {
    let k: Int
    let margin: Double
    let share: Double
    let anchor: FalseNegativeFilter.Anchor
    let scores: [[Double]]
    let positives: [[Int]]
    let kept: [[Int]]
    let removed: Int
    let loss: Double
  }

  @Test func `agrees with the condition row by row`() throws {
    let golden = try Golden<Case>("FalseNegativeFilter")
    #expect(golden.cases.count == 4)
    #expect(golden.cases.contains { $0.removed > 0 })
    for found in golden.cases {
      let filter = FalseNegativeFilter(
        margin: found.margin, share: found.share, anchor: found.anchor)
      let width = found.scores[0].count
      let (kept, removed) = try filter.hardest(
        found.k, scores: Tensor(rows: found.scores),
        positives: CSRMatrix(rows: found.positives, columnCount: width))
      #expect(rows(of: kept) == found.kept)
      #expect(removed == found.removed)
      // UniME's loss: the positive against the remaining negatives.
      var losses: [Double] = []
      for (row, negatives) in rows(of: kept).enumerated() {
        let own = found.scores[row][found.positives[row][0]]
        let terms = negatives.map { exp((found.scores[row][$0] - own) / 0.02) }
        losses.append(log(1 + terms.reduce(0, +)))
      }
      expectClose(losses.reduce(0, +) / Double(losses.count), found.loss, tolerance: 1e-10)
    }
  }

  @Test func `the anchor positive sets the threshold`() {
    let positives = CSRMatrix(rows: [[1, 4], [], [2]], columnCount: 5)
    let scores = [3.0, 7, -2]
    #expect(
      FalseNegativeFilter(margin: 0.5, anchor: .highest)
        .lines(ofPositiveScores: scores, positives) == [7.5, .infinity, -1.5])
    #expect(
      FalseNegativeFilter(margin: 0.5, anchor: .lowest)
        .lines(ofPositiveScores: scores, positives) == [3.5, .infinity, -1.5])
  }

  @Test func `keeps a score equal to the threshold`() throws {
    let (kept, removed) = try FalseNegativeFilter(margin: 0).hardest(
      9, scores: Tensor(rows: [[1.0, 1, 2, 0]]), positives: CSRMatrix(rows: [[0]], columnCount: 4))
    #expect(rows(of: kept) == [[1, 3]])
    #expect(removed == 1)
  }
}
