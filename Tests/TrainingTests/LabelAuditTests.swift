import Models
import Noise
import Storage
import TestSupport
import Testing
import Training

@Suite struct LabelAuditTests {
  private static func matrix(_ rows: [[(Int, Double)]], _ columns: Int) -> CSRMatrix {
    let pattern = CSRMatrix(rows: rows.map { $0.map(\.0) }, columnCount: columns)
    return CSRMatrix(
      rowOffsets: pattern.rowOffsets, columns: pattern.columns,
      values: MappedArray(rows.flatMap { $0.map { Float($0.1) } }), columnCount: columns)
  }

  private static let plain = LabelAudit(
    confidentLearning: .init(order: .selfConfidence), neighbourWeight: 0, countWeight: 0,
    learntWeight: 0,
    minimumCount: 1)

  @Test func `sorts by the probability of the given labels`() throws {
    let scores = OutOfSampleScores(
      probabilities: Self.matrix(
        [[(0, 0.9), (1, 0.2)], [(1, 0.8), (0, 0.6)], [(0, 0.1), (2, 0.4)]], 3))
    let given = CSRMatrix(rows: [[0], [1], [0, 2]], columnCount: 3)
    let report = try Self.plain(scores, given: given, top: 10)
    #expect(report.wrong.map { [$0.row, $0.label] } == [[2, 0], [2, 2], [1, 1], [0, 0]])
    #expect(report.missing.map { [$0.row, $0.label] } == [[1, 0], [0, 1]])
    #expect(report.givenCount == 4)
    expectClose(report.wrong[0].suspicion, 0.9, tolerance: 1e-6)
    expectClose(report.wrong[0].threshold, 0.5, tolerance: 1e-6)
    #expect(report.wrong[0].neighbourShare == nil && report.wrong[0].neighboursWith.isEmpty)
  }

  @Test func `marks confident errors and sorts by suspicion alone`() throws {
    // Label 0: t₁ = 0.7 and t₀ = 0.6, so that 0.3 is sure. Label 1: 0.1 is as usual.
    let scores = OutOfSampleScores(
      probabilities: Self.matrix(
        [[(0, 0.9), (1, 0.1)], [(0, 0.9), (1, 0.1)], [(0, 0.3)], [(0, 0.4)]], 2))
    let given = CSRMatrix(rows: [[0, 1], [0, 1], [0], []], columnCount: 2)
    for top in [1, 3] {
      let report = try Self.plain(scores, given: given, top: top)
      #expect(
        report.wrong.map { [$0.row, $0.label] } == Array([[0, 1], [1, 1], [2, 0]].prefix(top)))
      #expect(report.wrong.map(\.isConfident) == Array([false, false, true].prefix(top)))
      #expect(report.surelyWrong == 1 && report.surelyMissing == 0)
    }
  }

  @Test func `a document with more labels than expected has more credible labels`() throws {
    // Rows 0 and 1 have the same probabilities, E = 1; row 0 has one label, row 1 has three.
    let row = [(0, 0.2), (1, 0.5), (2, 0.2), (3, 0.1)]
    let scores = OutOfSampleScores(probabilities: Self.matrix([row, row, [(0, 0.2)]], 4))
    let given = CSRMatrix(rows: [[0], [0, 1, 2], []], columnCount: 4)
    var audit = Self.plain
    audit.minimumCount = 0
    audit.countWeight = 1
    let report = try audit(scores, given: given, top: 10)
    #expect(
      report.wrong.map { [$0.row, $0.label] } == [[0, 0], [1, 0], [1, 2], [1, 1]])
    // Odds of p = 0.2 are 1 to 4: unmoved by d = E, doubled by d = 3.
    expectClose(report.wrong[0].suspicion, 0.8, tolerance: 1e-6)
    expectClose(report.wrong[1].suspicion, 1 - 1 / 3.0, tolerance: 1e-6)
    // [0, 2] and [2, 0] are equal but for rounding.
    let missing = report.missing.map { [$0.row, $0.label] }
    #expect([missing[0]] + missing[3...] == [[0, 1], [1, 3], [0, 3]])
    #expect(Set(missing[1...2]) == [[0, 2], [2, 0]])
    // A document without labels is unmoved too, although d < E.
    expectClose(report.missing[2].suspicion, 0.2, tolerance: 1e-6)
    expectClose(report.missing[3].suspicion, 2 / 11.0, tolerance: 1e-6)
    audit.countWeight = 2
    expectClose(
      try audit(scores, given: given, top: 10).wrong[1].suspicion, 0.5, tolerance: 1e-6)
  }

  @Test func `the judgement of a label that the model has learnt counts more`() throws {
    // Means over the documents with the label: 0.6 and 0.2, odds of 3/2 and 1/4.
    let scores = OutOfSampleScores(
      probabilities: Self.matrix(
        [
          [(0, 0.85), (1, 0.25)], [(0, 0.85), (1, 0.25)], [(0, 0.1), (1, 0.1)],
          [(0, 0.1), (1, 0.1)],
        ],
        3))
    let given = CSRMatrix(rows: [[0, 1], [0, 1], [0, 1], []], columnCount: 3)
    var audit = Self.plain
    audit.learntWeight = 1
    let report = try audit(scores, given: given, top: 10)
    #expect(
      report.wrong.map { [$0.row, $0.label] } == [
        [2, 0], [2, 1], [0, 1], [1, 1], [0, 0], [1, 0],
      ])
    expectClose(report.wrong[0].suspicion, 27 / 29.0, tolerance: 1e-6)
    expectClose(report.wrong[1].suspicion, 9 / 13.0, tolerance: 1e-6)
    #expect(report.missing.map { [$0.row, $0.label] } == [[3, 0], [3, 1]])
    expectClose(report.missing[0].suspicion, 1 / 7.0, tolerance: 1e-6)
    expectClose(report.missing[1].suspicion, 1 / 37.0, tolerance: 1e-6)
  }

  @Test func `breaks ties by row and label`() throws {
    let scores = OutOfSampleScores(
      probabilities: Self.matrix((0..<2000).map { _ in [(1, 0.5), (0, 0.5)] }, 2))
    let given = CSRMatrix(rows: (0..<2000).map { _ in [Int]() }, columnCount: 2)
    var audit = Self.plain
    audit.minimumCount = 0
    for top in [1, 3, 700] {
      let found = try audit(scores, given: given, top: top)
      #expect(found.wrong.isEmpty)
      #expect(
        found.missing.map { [$0.row, $0.label] } == (0..<top).map { [$0 / 2, $0 % 2] })
    }
  }

  @Test func `skips rare labels and filtered pairs`() throws {
    let scores = OutOfSampleScores(
      probabilities: Self.matrix(
        [[(0, 0.01), (1, 0.7)], [(1, 0.6), (0, 0.9)], [(1, 0.9)], []], 2))
    let given = CSRMatrix(rows: [[0], [1], [1], []], columnCount: 2)
    var audit = Self.plain
    audit.minimumCount = 2
    let filter = CSRMatrix(rows: [[], [], [1], []], columnCount: 2)
    let report = try audit(scores, given: given, filter: filter, top: 10)
    #expect(report.wrong.map(\.row) == [1] && report.missing.map(\.row) == [0])
  }

  @Test func `neighbours break ties of the model`() throws {
    // The model gives 0 and 1 the same; those near 0 have the label, those near 1 do not.
    let rows = (0..<10).map { row in [(0, row < 2 ? 0.5 : row < 6 ? 0.9 : 0.1)] }
    let near = (0..<10).map { row in
      (row == 0 || row > 1 && row < 6 ? [2, 3, 4, 5] : [6, 7, 8, 9]).filter { $0 != row }
        .map { ($0, 0.9) }
    }
    let scores = OutOfSampleScores(
      probabilities: Self.matrix(rows, 1), neighbours: Self.matrix(near, 10))
    var audit = Self.plain
    audit.neighbourWeight = 0.5
    let missing = try audit(
      scores, given: CSRMatrix(rows: (0..<10).map { 2..<6 ~= $0 ? [0] : [] }, columnCount: 1),
      top: 2
    ).missing
    #expect(missing.map(\.row) == [0, 1])
    #expect(missing[0].neighbourShare == 1 && missing[1].neighbourShare == 0)
    #expect(missing[0].neighboursWith == [2, 3, 4] && missing[0].neighboursWithout.isEmpty)
    #expect(missing[1].neighboursWithout == [6, 7, 8])
    let wrong = try audit(
      scores, given: CSRMatrix(rows: (0..<10).map { $0 < 6 ? [0] : [] }, columnCount: 1), top: 2
    ).wrong
    #expect(wrong.map(\.row) == [1, 0])
  }

  /// A dense matrix of these would take 16 GB.
  @Test func `memory grows with pairs, not labels`() async {
    // In a separate process: the memory of other tests is not counted.
    await #expect(processExitsWith: .success) {
      let (documents, labels, kept) = (20_000, 100_000, 12)
      var random = SplitMix64(3)
      let rows = (0..<documents).map { row in
        (0..<kept).map { ((row * 31 + $0 * 7919) % labels, Double(random.below(1000)) / 1000) }
      }
      let given = CSRMatrix(
        rows: rows.map { row in row.prefix(3).map { $0.0 } }, columnCount: labels)
      let near = (0..<documents).map { row in (1...10).map { ((row + $0) % documents, 0.5) } }
      let scores = OutOfSampleScores(
        probabilities: LabelAuditTests.matrix(rows, labels),
        neighbours: LabelAuditTests.matrix(near, documents))
      let before = ResourceUsage.now().peakMemoryBytes
      let report = try LabelAudit(minimumCount: 0)(scores, given: given, top: 100)
      let more = ResourceUsage.now().peakMemoryBytes - before
      try #require(more < 400_000_000, "\(more) bytes more")
      try #require(report.missing.count == 100 && report.wrong.count <= 100)
    }
  }
}
