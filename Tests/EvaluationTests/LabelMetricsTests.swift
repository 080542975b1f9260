import Evaluation
import Storage
import TestSupport
import Testing

@Suite struct LabelMetricsTests {
  private struct Case: Decodable {
    var scores: [[Float]]
    var truth, decisions: [[Int]]
    var positives: [Int]
    var precision, recall, f1, averagePrecision: [Double]
  }

  @Test func `agrees with scikit-learn, equal scores included`() throws {
    for example in try Golden<Case>("LabelMetrics").cases {
      let labels = example.positives.count
      var ranking = TopK(k: labels)
      for row in example.scores { try ranking.append(selectingFrom: row) }
      let result = LabelMetrics.all(
        ranking: ranking, decisions: { example.decisions[$0].map(Int32.init) },
        truth: CSRMatrix(rows: example.truth, columnCount: labels))
      #expect(result.map(\.positives) == example.positives)
      for (found, label) in zip(result, 0..<labels) {
        expectClose(found.precision, example.precision[label])
        expectClose(found.recall, example.recall[label])
        expectClose(found.f1, example.f1[label])
        expectClose(found.averagePrecision, example.averagePrecision[label])
      }
    }
  }

  @Test func `labels that are missing in a ranking count as not found`() throws {
    var ranking = TopK(k: 1)
    for row: [Float] in [[2, 1], [0, 1]] { try ranking.append(selectingFrom: row) }
    let result = LabelMetrics.all(
      ranking: ranking, decisions: { _ in [Int32]() },
      truth: CSRMatrix(rows: [[0, 1], [0]], columnCount: 3))
    #expect(result[0].averagePrecision == 50 && result[1].averagePrecision == 0)
    #expect(result[2].positives == 0 && result[2].f1 == 0 && result[2].averagePrecision == 0)
  }
}
