import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ClusterIndexTests {
  @Test func `agrees with clusters in NumPy`() throws {
    let golden = try Golden<SearchCase>("ClusterIndex")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let size: Int = try #require(found.size)
      let index = try ClusterIndex(
        labels: Tensor(rows: found.labels), bias: Tensor(found.bias), clusterSize: size)
      let result = try index(
        found.search, queries: Tensor(rows: found.queries), positives: found.positiveMatrix,
        probes: #require(found.probes))
      found.expect(result.negatives)
    }
  }

  @Test(arguments: 0..<12) func `probing all clusters equals exact search`(seed: UInt64) throws {
    let problem = SearchProblem.random(seed: seed, rows: 9, labels: 7 + 5 * Int(seed))
    let search = HardNegativeSearch(
      count: 4, filter: seed % 2 == 0 ? nil : .init(margin: 0.1, anchor: .lowest))
    let exact = try search(
      queries: problem.queries, labels: problem.labels, bias: problem.bias,
      positives: problem.positives)
    let index = try ClusterIndex(
      labels: problem.labels, bias: problem.bias, clusterSize: 1 + Int(seed % 4))
    let found = try index(
      search, queries: problem.queries, positives: problem.positives, probes: 1000)
    #expect(rows(of: found.negatives) == rows(of: exact.negatives))
    #expect(found.removed == exact.removed && found.scored == exact.scored)
  }

  @Test(arguments: 0..<12) func `never returns a positive`(seed: UInt64) throws {
    let problem = SearchProblem.random(seed: seed, rows: 30, labels: 90)
    let index = try ClusterIndex(labels: problem.labels, clusterSize: 6)
    let found = try index(
      HardNegativeSearch(count: 20), queries: problem.queries, positives: problem.positives,
      probes: 3)
    problem.expectNoPositives(in: found.negatives)
    #expect(found.scored < 30 * 90 / 3)
  }

  @Test func `one probe finds a separated group`() throws {
    // Four directions, eight labels each: the answer lies in one cluster.
    let axes: [[Float]] = [[1, 0], [0, 1], [-1, 0], [0, -1]]
    let labels: [[Float]] = (0..<32).map { label in
      let length = 1 + Float(label) / 100
      return axes[label % 4].map { $0 * length }
    }
    let index = try ClusterIndex(labels: Tensor(rows: labels), clusterSize: 8)
    let found = try index(
      HardNegativeSearch(count: 3), queries: Tensor(rows: axes),
      positives: CSRMatrix(rows: [[28], [], [], []], columnCount: 32), probes: 1)
    #expect(
      rows(of: found.negatives) == [[24, 20, 16], [29, 25, 21], [30, 26, 22], [31, 27, 23]])
    #expect(found.scored == 4 * 8)
  }
}
