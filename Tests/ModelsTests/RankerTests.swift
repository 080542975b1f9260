import Evaluation
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch

@Suite struct RankerTests {
  /// A scorer whose scores are a bias and weights of single pairs.
  private func scorer(_ bias: [Float], features: Int, pairs: [(Int, Int, Float)] = []) -> Scorer {
    let encoder = BagEncoder(
      .init(dimension: 1), featureCount: features, generator: Generator(seed: 1))
    let wide = SparseLinear(
      pattern: CSRMatrix(
        rows: (0..<features).map { feature in pairs.filter { $0.0 == feature }.map(\.1) },
        columnCount: bias.count),
      weights: Tensor(pairs.map(\.2)))
    return Scorer(
      encoder: encoder, labels: .zeros([bias.count, 1]), bias: Tensor(bias), wide: wide,
      temperature: 1)
  }

  /// [1, 2, 3, 4], and 4 more for the first label where a document has feature 0.
  private var first: Scorer { scorer([1, 2, 3, 4], features: 2, pairs: [(0, 0, 4)]) }
  /// [0, 0, 1, -1], and 2 less for the third label where a document has feature 2.
  private var second: Scorer { scorer([0, 0, 1, -1], features: 3, pairs: [(2, 2, -2)]) }

  private func input(_ rows: [[Int]], _ features: Int) -> ScorerInput {
    ScorerInput(bags: CSRMatrix(rows: rows, columnCount: features))
  }

  private var inputs: [ScorerInput] { [input([[0], [1]], 2), input([[], [2]], 3)] }

  private func expect(
    _ ranking: TopK, _ labels: [[Int32]], _ scores: [[Float]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for row in labels.indices {
      #expect(
        Array(ranking.labels(ofRow: row)) == labels[row], "row \(row)",
        sourceLocation: sourceLocation)
      #expect(
        Array(ranking.scores(ofRow: row)) == scores[row], "row \(row)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func `ranks by the mean score`() throws {
    let ranker = Ranker([first, second])
    #expect(ranker.labelCount == 4)
    // ([5, 2, 3, 4] + [0, 0, 1, -1]) / 2 and ([1, 2, 3, 4] + [0, 0, -1, -1]) / 2.
    try expect(
      ranker.topK(4, of: inputs), [[0, 2, 3, 1], [3, 1, 2, 0]],
      [[2.5, 2, 1.5, 1], [1.5, 1, 1, 0.5]])
    try expect(ranker.topK(1, of: inputs), [[0], [3]], [[2.5], [1.5]])
  }

  /// In a separate process, because concurrent tests have threads too.
  @Test func `ranks with the threads it is asked for`() async {
    await #expect(processExitsWith: .success) {
      let features = 2000
      let suite = RankerTests()
      let scorer = suite.scorer([Float](repeating: 0, count: 20_000), features: features)
      let input = suite.input((0..<256).map { [$0] }, features)
      let adjustment = Tensor.zeros([20_000])
      func threads(_ count: Int) throws -> Int {
        // The addition is the last operation: a product may take fewer threads, after which
        // OpenMP ends the others.
        _ = try Ranker([scorer], adjustment: adjustment).topK(1, of: [input], threads: count)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
      }
      try Runtime.withThreads(1) {
        let (alone, together) = (try threads(1), try threads(33))
        // The process may start or end a few other threads meanwhile.
        #expect(together > alone + 20, "\(alone) and \(together) threads")
      }
    }
  }

  @Test func `adds the adjustment to the mean`() throws {
    let ranker = Ranker([first, second], adjustment: Tensor([Float(0), 3, 0, 0.25]))
    try expect(
      ranker.topK(4, of: inputs), [[1, 0, 2, 3], [1, 3, 2, 0]],
      [[4, 2.5, 2, 1.75], [4, 1.75, 1, 0.5]])
    // Of one model it is added to the scores themselves.
    let alone = Ranker([first], adjustment: Tensor([Float(0), 3, 0, 0.25]))
    try expect(
      alone.topK(2, of: [inputs[0]]), [[0, 1], [1, 3]], [[5, 5], [5, 4.25]])
  }

  @Test func `never ranks excluded labels`() throws {
    let excluded = CSRMatrix(rows: [[0, 5], [2, 3]], columnCount: 6)
    try expect(
      Ranker([first, second]).topK(2, of: inputs, excluding: excluded), [[2, 3], [1, 0]],
      [[2, 1.5], [1, 0.5]])
  }

  @Test func `documents keep their scores in every block`() throws {
    // 1,024 documents are scored at a time.
    let rows = (0..<2050).map { [$0 % 2] }
    let others = (0..<2050).map { $0 % 3 == 0 ? [2] : [] }
    let excluded = CSRMatrix(
      rows: (0..<2050).map { $0 % 5 == 0 ? [3] : [] }, columnCount: 4)
    let ranking = try Ranker([first, second]).topK(
      1, of: [input(rows, 2), input(others, 3)], excluding: excluded)
    for row in 0..<2050 {
      var scores: [Float] = [0.5, 1, 2, 1.5]
      if row % 2 == 0 { scores[0] += 2 }
      if row % 3 == 0 { scores[2] -= 1 }
      if row % 5 == 0 { scores[3] = -.infinity }
      let best = scores.indices.max { (scores[$0], -$0) < (scores[$1], -$1) }
      #expect(ranking.labels(ofRow: row).first.map(Int.init) == best, "\(row)")
    }
  }

  @Test func `a model averaged with itself is unchanged`() throws {
    var random = SplitMix64(3)
    let bias = random.doubles(50).map { Float($0) }
    let alone = scorer(bias, features: 2)
    let bags = input([[0], [1, 0], []], 2)
    let twice = try Ranker([alone, alone]).topK(50, of: [bags, bags])
    #expect(twice == (try alone.topK(50, of: bags.bags)))
  }

  @Test func `rejects NaN scores`() throws {
    let broken = scorer([0, .nan, 0, 0], features: 2)
    #expect(throws: ValueError.self) {
      try Ranker([first, broken]).topK(1, of: [inputs[0], inputs[0]])
    }
  }

  @Test func `traps on models with other labels`() async {
    await #expect(processExitsWith: .failure) {
      let suite = RankerTests()
      _ = Ranker([suite.first, suite.scorer([1, 2], features: 2)])
    }
  }

  @Test func `traps on a wrong number of inputs`() async {
    await #expect(processExitsWith: .failure) {
      let suite = RankerTests()
      _ = try Ranker([suite.first, suite.second]).topK(1, of: [suite.inputs[0]])
    }
  }
}
