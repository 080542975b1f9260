import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct HardNegativeSearchTests {
  @Test func `agrees with sorting whole rows`() throws {
    let golden = try Golden<SearchCase>("HardNegativeSearch")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let result = try found.search(
        queries: Tensor(rows: found.queries), labels: Tensor(rows: found.labels),
        bias: Tensor(found.bias), positives: found.positiveMatrix)
      found.expect(result.negatives)
    }
  }

  @Test(arguments: 0..<20) func `never returns a positive`(seed: UInt64) throws {
    let problem = SearchProblem.random(seed: seed, rows: 1 + Int(seed), labels: 5 + 3 * Int(seed))
    let result = try HardNegativeSearch(count: 1 + Int(seed % 7))(
      queries: problem.queries, labels: problem.labels, positives: problem.positives)
    problem.expectNoPositives(in: result.negatives)
    for row in 0..<problem.positives.rowCount {
      let own = problem.positives.columns(ofRow: row).count
      let free = problem.labels.size(along: 0) - own
      #expect(result.negatives.columns(ofRow: row).count == min(1 + Int(seed % 7), free))
    }
    #expect(result.removed == 0)
    #expect(result.scored == problem.positives.rowCount * problem.labels.size(along: 0))
  }

  /// Enough labels that a row of scores is gone through in several blocks.
  @Test func `is independent of the label block size`() throws {
    let labelCount = 40_000
    var random = SplitMix64(2)
    let labels = Tensor(random.doubles(labelCount * 2).map { Float($0) }, shape: [labelCount, 2])
    let queries = Tensor(random.doubles(2048).map { Float($0) }, shape: [1024, 2])
    let none = CSRMatrix(
      rows: [[Int]](repeating: [39_999, 3], count: 1024), columnCount: labelCount)
    let found = try HardNegativeSearch(count: 3)(queries: queries, labels: labels, positives: none)
    let scores = queries[5..<6].matmul(labels.transposed()).array(of: Float.self)
    let best = scores.indices.filter { $0 != 39_999 && $0 != 3 }.sorted { scores[$0] > scores[$1] }
    #expect(Set(rows(of: found.negatives)[5]) == Set(best.prefix(3)))
  }

  @Test func `filters candidates above the best positive`() throws {
    let result = try HardNegativeSearch(count: 4, filter: .init(margin: 0.5))(
      queries: Tensor(rows: [[1.0], [1]]), labels: Tensor(rows: [[5.0], [1], [1.2], [1.6], [0]]),
      positives: CSRMatrix(rows: [[1], []], columnCount: 5))
    // Without a positive there is no line.
    #expect(rows(of: result.negatives) == [[2, 4], [0, 3, 2, 1]])
    #expect(result.removed == 2)
  }

  @Test func `scores the best positives with their bias`() throws {
    let scores = try HardNegativeSearch.highestPositiveScores(
      queries: Tensor(rows: [[1.0, 2], [3, 4]]), labels: Tensor(rows: [[1.0, 0], [0, 1]]),
      bias: Tensor([0.5, -3.0]), positives: CSRMatrix(rows: [[0, 1], []], columnCount: 2))
    #expect(scores == [1.5, -.infinity])
  }

  @Test func `no queries find nothing`() throws {
    let result = try HardNegativeSearch(count: 3)(
      queries: Tensor.zeros([0, 2]), labels: Tensor.zeros([4, 2]),
      positives: CSRMatrix(rows: [[Int]](), columnCount: 4))
    #expect(result.negatives.rowCount == 0 && result.negatives.columnCount == 4)
  }
}

/// A case of the goldens of searches.
struct SearchCase: Decodable {
  let count: Int
  let margin: Double?
  let queries: [[Double]]
  let labels: [[Double]]
  let bias: [Double]
  let positives: [[Int]]
  let lists: [[Int]]
  let scores: [[Double]]
  let size: Int?
  let probes: Int?

  var search: HardNegativeSearch {
    HardNegativeSearch(count: count, filter: margin.map { .init(margin: $0) })
  }
  var positiveMatrix: CSRMatrix { CSRMatrix(rows: positives, columnCount: labels.count) }

  func expect(_ found: CSRMatrix, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(rows(of: found) == lists, sourceLocation: sourceLocation)
    expectClose(
      (found.values.map { Array($0) } ?? []).map { Double($0) }, scores.flatMap { $0 },
      tolerance: 1e-6, sourceLocation: sourceLocation)
  }
}

/// Random vectors in groups, with random positives.
struct SearchProblem {
  var queries: Tensor
  var labels: Tensor
  var bias: Tensor
  var positives: CSRMatrix

  static func random(seed: UInt64, rows: Int, labels: Int, width: Int = 4) -> SearchProblem {
    var random = SplitMix64(seed, 99)
    func floats(_ count: Int) -> [Float] { random.doubles(count).map { Float($0) } }
    let queries = Tensor(floats(rows * width), shape: [rows, width])
    let vectors = Tensor(floats(labels * width), shape: [labels, width])
    let bias = Tensor(floats(labels))
    let positives = (0..<rows).map { _ in
      Array((0..<labels).shuffled(using: &random).prefix(random.below(5)))
    }
    return SearchProblem(
      queries: queries, labels: vectors, bias: bias,
      positives: CSRMatrix(rows: positives, columnCount: labels))
  }

  func expectNoPositives(in found: CSRMatrix) {
    for row in 0..<positives.rowCount {
      let names = found.columns(ofRow: row)
      #expect(Set(names).isDisjoint(with: positives.columns(ofRow: row)))
      #expect(Set(names).count == names.count)
    }
  }
}
