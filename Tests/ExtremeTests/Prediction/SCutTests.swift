import Extreme
import Storage
import TestSupport
import Testing

@Suite struct SCutTests {
  private struct Case: Decodable {
    struct Found: Decodable {
      var threshold: Double
      var f1: Double
    }
    var labels: Int
    var truth: [[Int]]
    var ranked: [[Int32]]
    var scores: [[Double]]
    var micro: Found
    var example: Found
    var byLabel: [String: Double]
  }

  private func pairs(_ ranked: [[Int32]], _ scores: [[Double]], _ truth: [[Int]], _ labels: Int)
    throws -> ScoredPairs
  {
    try ScoredPairs(
      offsets: ranked.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) },
      labels: Array(ranked.joined()), scores: Array(scores.joined()),
      truth: CSRMatrix(rows: truth, columnCount: labels))
  }

  @Test func `agrees with trying every threshold`() throws {
    let cases = try goldenCases("SCut", as: Case.self)
    #expect(cases.count == 3)
    for (number, example) in cases.enumerated() {
      let pairs = try pairs(example.ranked, example.scores, example.truth, example.labels)
      let micro = try SCut(objective: .micro)(pairs)
      expectClose(micro.common, example.micro.threshold, "micro of case \(number)")
      #expect(micro.byLabel.isEmpty)
      let documents = try SCut(objective: .example)(pairs)
      expectClose(documents.common, example.example.threshold, "example of case \(number)")
      let macro = try SCut(objective: .macro)(pairs)
      expectClose(macro.common, example.micro.threshold, "rare labels of case \(number)")
      #expect(macro.byLabel.count == example.byLabel.count)
      for (label, threshold) in example.byLabel {
        expectClose(macro[try #require(Int(label))], threshold, "label \(label) of \(number)")
      }
    }
  }

  @Test func `rare labels use the common threshold`() throws {
    // Label 0 is true three times and label 1 once; one score of 0.2 ruins label 1.
    let pairs = try pairs(
      [[0, 1], [0, 1], [0, 1], [1, 0]], [[0.9, 0.5], [0.8, 0.2], [0.7, 0.1], [0.4, 0.3]],
      [[0], [0, 1], [0], []], 2)
    let all = try SCut(objective: .macro, minimumPositives: 1)(pairs)
    expectClose(all[0], 0.5)
    expectClose(all[1], 0.15)
    // F1 of label 1 is at best 2 · 1 / (3 + 1).
    let paper = try SCut(objective: .macro, minimumPositives: 1, rareF1: 0.6)(pairs)
    #expect(paper[1] == 0.5)
    expectClose(paper[0], 0.5)
    let common = try SCut(objective: .macro, minimumPositives: 2)(pairs)
    #expect(common.byLabel.keys.sorted() == [0])
    // Together: three right of three given, four true.
    expectClose(common[1], 0.6)
  }

  @Test func `unranked positives count as missed`() throws {
    // One hit of one given is best alone; with ten labels missed more guesses cost less.
    let ranked: [[Int32]] = [[0, 1, 2]]
    let few = try SCut(objective: .micro)(pairs(ranked, [[3, 2, 1]], [[0, 2]], 3))
    let many = try SCut(objective: .micro)(
      pairs(ranked, [[3, 2, 1]], [[0, 2] + Array(3..<13)], 13))
    // 2/3, 2/4, 4/5 against 2/13, 2/14, 4/15; then without the last one 2/2 against 2/12.
    #expect(few.common == 1 && many.common == 1)
    let alone = try SCut(objective: .micro)(pairs(ranked, [[3, 2, 1]], [[0]], 3))
    #expect(alone.common == 2.5)
  }

  @Test func `predicts nothing when no label is true`() throws {
    for objective in SCut.Objective.allCases {
      let cut = try SCut(objective: objective)(pairs([[0], [0]], [[1], [2]], [[], []], 1))
      #expect(cut.common > 2)
    }
    #expect(throws: ValueError.self) { try SCut(objective: .micro)(pairs([[]], [[]], [[]], 1)) }
    #expect(throws: ValueError.self) { try pairs([[1]], [[0.5]], [[]], 1) }
    #expect(throws: ValueError.self) { try pairs([[0]], [[0.5]], [[], []], 1) }
  }

  @Test func `selects a subset of documents`() throws {
    let truth = CSRMatrix(rows: [[0, 2], [1], [2, 2]], columnCount: 3)
    let all = try pairs(
      [[0, 1], [2], [2, 0]], [[3, 2], [1], [5, 4]], [[0, 2], [1], [2, 2]], 3)
    let some = all.selecting(documents: [0, 2], truth: truth)
    #expect(some.offsets == [0, 2, 4] && some.labels == [0, 1, 2, 0])
    #expect(some.scores == [3, 2, 5, 4] && some.outcomes == [true, false, true, false])
    #expect(some.trueCounts == [2, 1] && some.labelCounts == [1, 0, 2])
  }
}
