import Evaluation
import Storage
import TestSupport
import Testing

@Suite struct LabelConfusionTests {
  @Test func `pairs and lifts match counts by hand`() throws {
    var ranking = TopK(k: 3)
    let ranked: [[Int32]] = [
      [1, 0, 2], [2, 1, 0], [3, 0, 1], [1, 2, 0], [0, 1, 2], [0, 1, 2],
    ]
    for labels in ranked { try ranking.append(labels: labels, scores: [3, 2, 1]) }
    // The last but one has no label, the last one more than the ranking has places.
    let truth = CSRMatrix(
      rows: [[0], [2, 0], [3], [2], [], [0, 1, 2, 3]], columnCount: 4)
    let confusion = LabelConfusion(ranking, truth: truth)
    #expect(confusion.documents == 4)
    #expect(
      confusion.pairs.map { [$0.missed, $0.ranked, $0.documents] } == [[0, 1, 2], [2, 1, 1]])
    // Label 1 is wrong three times; 0 is missed twice and 2 once, of four.
    expectClose(confusion.pairs.map(\.lift), [2 * 4.0 / (2 * 3), 1 * 4.0 / (1 * 3)])
    #expect(LabelConfusion(ranking, truth: truth, count: 1).pairs.count == 1)
  }

  @Test func `a perfect ranking confuses no labels`() throws {
    var ranking = TopK(k: 2)
    try ranking.append(labels: [1, 0], scores: [2, 1])
    let confusion = LabelConfusion(ranking, truth: CSRMatrix(rows: [[0, 1]], columnCount: 2))
    #expect(confusion.pairs.isEmpty && confusion.documents == 1)
  }
}
