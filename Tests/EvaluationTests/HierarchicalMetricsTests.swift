import Evaluation
import Storage
import TestSupport
import Testing

@Suite struct HierarchicalMetricsTests {
  private struct Case: Decodable {
    var parents, truth, predicted: [[Int]]
    var labels: Int
    var precision, recall, f1: Double
  }

  @Test func `agrees with plain loops`() throws {
    for example in try Golden<Case>("HierarchicalMetrics").cases {
      let result = HierarchicalMetrics(
        predicted: { example.predicted[$0].map(Int32.init) },
        truth: CSRMatrix(rows: example.truth, columnCount: example.labels),
        parents: CSRMatrix(rows: example.parents, columnCount: example.parents.count))
      expectClose(result.precision, example.precision)
      expectClose(result.recall, example.recall)
      expectClose(result.f1, example.f1)
    }
  }

  @Test func `a sibling counts in part, a label without a hierarchy as usual`() {
    // 0 and 1 are below 2; 3 is alone, 4 is not a node.
    let parents = CSRMatrix(rows: [[2], [2], [], []], columnCount: 4)
    func judge(_ predicted: [Int32], _ truth: [Int]) -> HierarchicalMetrics {
      HierarchicalMetrics(
        predicted: { _ in predicted }, truth: CSRMatrix(rows: [truth], columnCount: 5),
        parents: parents)
    }
    #expect(judge([1], [0]).precision == 50 && judge([1], [0]).f1 == 50)
    #expect(judge([2], [0]).precision == 100 && judge([2], [0]).recall == 50)
    #expect(judge([3], [0]).f1 == 0 && judge([4], [4]).f1 == 100)
    #expect(judge([], [0]).precision == 0 && judge([0], []).f1 == 0)
  }
}
