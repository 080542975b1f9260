import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct EmbeddingRetrievalTests {
  private struct Case: Decodable {
    var similarity: VectorSimilarity
    var queries: [[Double]]
    var classes: [Int]
    var references: [[Double]]
    var referenceClasses: [Int]
    var precisionAt1: Double
    var rPrecision: Double
    var meanAveragePrecisionAtR: Double
    var meanAveragePrecision: Double
  }

  @Test func `agrees with pytorch-metric-learning`() throws {
    let cases = try Golden<Case>("EmbeddingRetrieval").cases
    #expect(cases.count == 4)
    for example in cases {
      let measure = EmbeddingRetrieval(similarity: example.similarity)
      let queries = Tensor(rows: example.queries)
      let result =
        example.references.isEmpty
        ? try measure(queries, classes: example.classes)
        : try measure(
          queries: queries, classes: example.classes, references: Tensor(rows: example.references),
          referenceClasses: example.referenceClasses)
      expectClose(result.recall[0], example.precisionAt1, "R@1")
      expectClose(result.rPrecision, example.rPrecision, "R-precision")
      expectClose(result.meanAveragePrecisionAtR, example.meanAveragePrecisionAtR, "MAP@R")
      expectClose(result.meanAveragePrecision, example.meanAveragePrecision, "mAP")
    }
  }

  /// The definitions, with a full sort of each query's references.
  private func loop(_ rows: [[Double]], _ classes: [Int], cutoffs: [Int]) -> [Double] {
    var sums = [Double](repeating: 0, count: cutoffs.count + 3)
    var used = 0.0
    for (query, row) in rows.enumerated() {
      let ranking = rows.indices.filter { $0 != query }.sorted {
        let (first, second) = (distance(row, rows[$0]), distance(row, rows[$1]))
        return (first, $0) < (second, $1)
      }
      let ranks = ranking.enumerated()
        .filter { classes[$0.element] == classes[query] }.map { $0.offset + 1 }
      if ranks.isEmpty { continue }
      used += 1
      for (index, cutoff) in cutoffs.enumerated() where ranks[0] <= cutoff { sums[index] += 1 }
      let count = Double(ranks.count)
      for (place, rank) in ranks.enumerated() {
        let precision = Double(place + 1) / Double(rank)
        if rank <= ranks.count {
          sums[cutoffs.count] += 1 / count
          sums[cutoffs.count + 1] += precision / count
        }
        sums[cutoffs.count + 2] += precision / count
      }
    }
    return sums.map { $0 / max(1, used) }
  }

  private func distance(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  @Test(arguments: [1, 4, 23]) func `agrees with loops, ties included`(seed: UInt64)
    throws
  {
    var random = SplitMix64(seed)
    // Whole numbers, so that distances are often equal and always exact.
    let rows = (0..<30).map { _ in (0..<2).map { _ in Double(random.below(4)) } }
    let classes = (0..<30).map { _ in random.below(5) }
    let cutoffs = [1, 3, 10]
    let result = try EmbeddingRetrieval(cutoffs: cutoffs, similarity: .euclidean)(
      Tensor(rows: rows), classes: classes)
    expectClose(
      result.recall
        + [result.rPrecision, result.meanAveragePrecisionAtR, result.meanAveragePrecision],
      loop(rows, classes, cutoffs: cutoffs))
  }

  @Test func `matches values by hand`() throws {
    // Matches at ranks 1 and 4 of the first query; the last one has none.
    let queries = Tensor(rows: [[0.0], [50]])
    let references = Tensor(rows: [[1.0], [2], [3], [4]])
    let result = try EmbeddingRetrieval(cutoffs: [1, 4], similarity: .euclidean)(
      queries: queries, classes: [7, 3], references: references, referenceClasses: [7, 0, 0, 7])
    #expect(result.recall == [1, 1])
    expectClose(result.rPrecision, 0.5)
    expectClose(result.meanAveragePrecisionAtR, 0.5)
    expectClose(result.meanAveragePrecision, 0.75)
    #expect(result.queries == 1 && result.queriesWithoutMatch == 1)
  }

  @Test func `singleton classes give no matches`() throws {
    let result = try EmbeddingRetrieval()(.ones([3, 2]), classes: [0, 1, 2])
    #expect(result.recall == [0, 0, 0, 0] && result.meanAveragePrecision == 0)
    #expect(result.queriesWithoutMatch == 3)
  }

  @Test func `rejects mismatched shapes`() throws {
    let measure = EmbeddingRetrieval()
    #expect(throws: ValueError.self) { try measure(.ones([2, 2]), classes: [0]) }
    #expect(throws: ValueError.self) {
      try measure(
        queries: .ones([1, 2]), classes: [0], references: .ones([1, 3]), referenceClasses: [0])
    }
  }

  @Test func `round-trips through Codable`() throws {
    let measure = EmbeddingRetrieval(cutoffs: [5], similarity: .innerProduct)
    let record = try JSONEncoder().encode(measure)
    #expect(try JSONDecoder().decode(EmbeddingRetrieval.self, from: record) == measure)
  }
}
