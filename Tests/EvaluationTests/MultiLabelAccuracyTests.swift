import Evaluation
import Storage
import TestSupport
import Testing

@Suite struct MultiLabelAccuracyTests {
  private struct Case: Decodable {
    var labels: Int
    var truth: [[Int]]
    var ranked: [[Int32]]
    var assigned: [Int32]
    var largest: Int
    var groups: [MultiLabelAccuracy.Group]
    var whole: MultiLabelAccuracy.Group
    var asma: Double
  }

  private func ranking(_ rows: [[Int32]], k: Int) throws -> TopK {
    var ranking = TopK(k: k)
    for row in rows {
      try ranking.append(labels: row, scores: row.indices.map { Float(-$0) })
    }
    return ranking
  }

  private func numbers(_ group: MultiLabelAccuracy.Group) -> [Double] {
    [
      Double(group.labelCount), Double(group.documents), group.top1 ?? -1, group.real,
      group.variable, group.all,
    ]
  }

  @Test func `agrees with sets in Python`() throws {
    let cases = try Golden<Case>("MultiLabelAccuracy").cases
    #expect(cases.count == 2)
    for example in cases {
      let result = try MultiLabelAccuracy(
        ranking(example.ranked, k: example.labels),
        truth: CSRMatrix(rows: example.truth, columnCount: example.labels),
        assigned: example.assigned, largestCount: example.largest)
      #expect(result.groups.count == example.groups.count)
      for (ours, theirs) in zip(result.groups, example.groups) {
        expectClose(numbers(ours), numbers(theirs))
      }
      expectClose(numbers(result.whole), numbers(example.whole))
      expectClose(result.asma, example.asma)
    }
  }

  @Test func `two groups match values by hand`() throws {
    // Two documents with one label, the first right; one with two, of which one is found; one
    // without any, left out; one without a prediction.
    let truth = CSRMatrix(rows: [[0], [1], [0, 2, 0], [], [1]], columnCount: 3)
    let result = try MultiLabelAccuracy(
      ranking([[0, 1], [0, 1], [2, 1, 0], [1], []], k: 3), truth: truth)
    #expect(result.groups.map(\.labelCount) == [1, 2])
    #expect(result.groups.map(\.documents) == [3, 1])
    expectClose(result.groups.map(\.real), [100.0 / 3, 100])
    expectClose(result.groups.map(\.variable), [100.0 / 3, 50])
    expectClose(result.groups.map(\.all), [100.0 / 3, 0])
    #expect(result.groups.allSatisfy { $0.top1 == nil })
    expectClose(result.asma, (100.0 / 3 + 50) / 2)
    expectClose(result.whole.variable, 150.0 / 4)
    #expect(result.whole.documents == 4)
  }

  @Test func `rejects mismatched input, empty input gives 0`() throws {
    let truth = CSRMatrix(rows: [[0]], columnCount: 1)
    #expect(throws: ValueError.self) { try MultiLabelAccuracy(ranking([], k: 1), truth: truth) }
    #expect(throws: ValueError.self) {
      try MultiLabelAccuracy(ranking([[0]], k: 1), truth: truth, assigned: [])
    }
    let empty = try MultiLabelAccuracy(
      ranking([[0]], k: 1), truth: CSRMatrix(rows: [[]], columnCount: 1))
    #expect(empty.groups.isEmpty && empty.asma == 0 && empty.whole.real == 0)
  }
}
