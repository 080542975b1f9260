import Evaluation
import Storage
import TestSupport
import Testing

@Suite struct DecisionMetricsTests {
  private struct Case: Decodable {
    var labels: Int
    var truth, decisions: [[Int]]
    var microPrecision, microRecall, microF1, macroF1, exampleF1, labelsPerDocument: Double
  }

  @Test func `agrees with scikit-learn`() throws {
    let cases = try Golden<Case>("DecisionMetrics").cases
    #expect(cases.count == 2)
    for example in cases {
      let result = try DecisionMetrics(
        decisions: CSRMatrix(rows: example.decisions, columnCount: example.labels),
        truth: CSRMatrix(rows: example.truth, columnCount: example.labels))
      expectClose(result.microPrecision, example.microPrecision)
      expectClose(result.microRecall, example.microRecall)
      expectClose(result.microF1, example.microF1)
      expectClose(result.macroF1, example.macroF1)
      expectClose(result.exampleF1, example.exampleF1)
      expectClose(result.labelsPerDocument, example.labelsPerDocument)
    }
  }

  @Test func `counts repeated labels once, empty input gives 0`() throws {
    let truth = CSRMatrix(rows: [[0, 0], [1]], columnCount: 3)
    let result = try DecisionMetrics(
      decisions: CSRMatrix(rows: [[0, 2, 0], []], columnCount: 3), truth: truth)
    #expect(result.microPrecision == 50 && result.microRecall == 50 && result.microF1 == 50)
    // Labels 0 and 1 have a true document; of label 0 all is right.
    #expect(result.macroF1 == 50)
    expectClose(result.exampleF1, 100 * (2.0 / 3) / 2)
    let empty = CSRMatrix(rows: [], columnCount: 3)
    #expect(try DecisionMetrics(decisions: empty, truth: empty).microF1 == 0)
    #expect(throws: ValueError.self) { try DecisionMetrics(decisions: empty, truth: truth) }
  }
}
