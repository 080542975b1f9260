import Foundation
import Noise
import Storage
import TestSupport
import Testing

@Suite struct NeighbourLabelsTests {
  private struct Case: Decodable {
    let asked: Int
    let given: [[Int]]
    let distrusted: [[Int]]
    let denied: [[Int]]
    let near: [[Int]]
    let similarities: [[Double]]
    let all: [[Double]]
    let trusted: [[Double]]
    let nearest: [[Double]]
  }

  private static func neighbours(_ rows: [[Int]], _ similarities: [[Double]]?) -> CSRMatrix {
    let pattern = CSRMatrix(rows: rows, columnCount: rows.count)
    return CSRMatrix(
      rowOffsets: pattern.rowOffsets, columns: pattern.columns,
      values: similarities.map { MappedArray($0.joined().map(Float.init)) },
      columnCount: rows.count)
  }

  @Test func `agrees with loops over all pairs`() throws {
    let golden = try Golden<Case>("NeighbourLabels")
    #expect(golden.cases.count == 2)
    for example in golden.cases {
      let labels = example.all[0].count
      func matrix(_ rows: [[Int]]) -> CSRMatrix { CSRMatrix(rows: rows, columnCount: labels) }
      // Stored in another order than that of the labels.
      let pairs = matrix(example.given.map { _ in (0..<labels).reversed() })
      let near = Self.neighbours(example.near, example.similarities)
      let given = matrix(example.given)
      let asking = NeighbourLabels(count: example.asked)
      func expected(_ rows: [[Double]]) -> [Double] { rows.flatMap { $0.reversed() } }
      expectClose(
        asking.shares(of: pairs, neighbours: near, given: given).map(Double.init),
        expected(example.all), tolerance: 1e-6)
      expectClose(
        asking.shares(
          of: pairs, neighbours: near, given: given, distrusted: matrix(example.distrusted)
        ).map(Double.init), expected(example.trusted), tolerance: 1e-6)
      expectClose(
        asking.nearestDenied(
          of: pairs, neighbours: near, given: given, denied: matrix(example.denied)
        ).map(Double.init), expected(example.nearest), tolerance: 1e-6)
    }
  }

  @Test func `unweighted votes match counts by hand`() {
    let given = CSRMatrix(rows: [[0], [0, 1], [1], []], columnCount: 3)
    let near = Self.neighbours([[1, 2, 3], [], [0], [0]], nil)
    let pairs = CSRMatrix(rows: [[0, 1, 2], [0], [1, 0], []], columnCount: 3)
    let asking = NeighbourLabels(count: 3)
    #expect(
      asking.shares(of: pairs, neighbours: near, given: given) == [1 / 3, 2 / 3, 0, 0, 0, 1])
    // Document 1 has no vote on label 0 and document 3 none on label 1.
    let distrusted = CSRMatrix(rows: [[], [0], [], [1]], columnCount: 3)
    #expect(
      asking.shares(of: pairs, neighbours: near, given: given, distrusted: distrusted)
        == [0, 1, 0, 0, 0, 1])
    #expect(
      NeighbourLabels(count: 1).shares(of: pairs, neighbours: near, given: given)
        == [1, 1, 0, 0, 0, 1])
  }

  @Test func `distrusted and dissimilar neighbours do not vote`() {
    let given = CSRMatrix(rows: [[0], [0]], columnCount: 1)
    let pairs = given
    let near = Self.neighbours([[1], [0]], [[0.7], [-0.5]])
    let asking = NeighbourLabels()
    #expect(asking.shares(of: pairs, neighbours: near, given: given) == [1, 0])
    #expect(
      asking.shares(of: pairs, neighbours: near, given: given, distrusted: given) == [0, 0])
  }

  @Test func `is invariant to document order`() throws {
    let golden = try Golden<Case>("NeighbourLabels")
    let example = golden.cases[0]
    let count = example.given.count
    var random = SplitMix64(2)
    let rows = (0..<count).shuffled(using: &random)
    let place = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
    let near = Self.neighbours(
      rows.map { example.near[$0].map { place[$0] ?? 0 } }, rows.map { example.similarities[$0] })
    let given = CSRMatrix(rows: rows.map { example.given[$0] }, columnCount: 5)
    let found = NeighbourLabels(count: example.asked).shares(
      of: CSRMatrix(rows: rows.map { _ in [0, 1, 2, 3, 4] }, columnCount: 5), neighbours: near,
      given: given)
    expectClose(
      found.map(Double.init), rows.flatMap { example.all[$0] }, tolerance: 1e-6)
  }
}
