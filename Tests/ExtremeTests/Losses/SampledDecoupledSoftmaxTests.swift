import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// The decoupled softmax over some of the labels.
@Suite struct SampledDecoupledSoftmaxTests {
  /// Labels that all queries, or each, are compared with, and log q.
  private enum Lists {
    case shared([Int], [Double]?)
    case rows([[Int]], [[Float]]?)
  }

  private static func differentiated(
    _ example: LabelCase, _ lists: Lists, blockSize: Int? = nil, dtype: DType = .float64,
    hasBias: Bool = true
  ) throws -> Differentiated {
    let leaves = [
      Tensor(rows: example.queries), Tensor(rows: example.labels), Tensor(example.bias),
    ]
    .map { $0.converted(to: dtype).requiringGradient() }
    let loss = DecoupledSoftmaxLoss(temperature: example.temperature, blockSize: blockSize)
    let bias = hasBias ? leaves[2] : nil
    let value: Tensor
    switch lists {
    case .shared(let labels, let counts):
      value = try loss(
        queries: leaves[0], labels: leaves[1], bias: bias, positives: example.matrix,
        candidates: labels, logExpectedCounts: counts)
    case .rows(let rows, let counts):
      var lists = example
      lists.positives = rows
      lists.grades = counts
      value = try loss(
        queries: leaves[0], labels: leaves[1], bias: bias, positives: example.matrix,
        candidates: lists.matrix)
    }
    let slopes = try gradients(of: value, withRespectTo: leaves)
    return Differentiated(
      value: value.scalar, queries: slopes[0]?.doubles() ?? [],
      labels: slopes[1]?.doubles() ?? [], bias: slopes[2]?.doubles() ?? [])
  }

  /// The formula in plain loops, for a list a query.
  private static func expected(_ example: LabelCase, _ lists: [[Int]], _ counts: [[Double]])
    -> Differentiated
  {
    let scores = example.scores
    var value = 0.0
    var slopes = scores.map { $0.map { _ in 0.0 } }
    func present(_ i: Int) -> Set<Int> { Set(example.positives[i]).intersection(lists[i]) }
    let rows = Double(scores.indices.count { !present($0).isEmpty })
    for i in scores.indices {
      for p in present(i) {
        let places = lists[i].indices.filter { !example.positives[i].contains(lists[i][$0]) }
        let terms = places.map { exp(scores[i][lists[i][$0]] - counts[i][$0]) }
        let total = terms.reduce(exp(scores[i][p]), +)
        let weight = 1 / (rows * Double(present(i).count))
        value += weight * (log(total) - scores[i][p])
        for (place, term) in zip(places, terms) {
          slopes[i][lists[i][place]] += weight * term / total
        }
        slopes[i][p] += weight * (exp(scores[i][p]) / total - 1)
      }
    }
    return example.chained(value: value, scoreGradient: slopes)
  }

  // 5 and 6 twice; 0 and 6 are positives of one row; 1 and 2 are missing.
  private static let list = [5, 0, 6, 5, 3, 6]
  private static let counts = [0.3, -0.2, 0.7, -1, 0.1, 0.4]

  @Test func `a shared candidate list matches the equation`() throws {
    let example = LabelCase.random(seed: 41, temperature: 0.5)
    let rows = example.queries.map { _ in Self.list }
    for (counts, given) in [(Self.counts, Self.counts), ([0, 0, 0, 0, 0, 0], nil)] {
      let expected = Self.expected(example, rows, rows.map { _ in counts })
      for size in [1, 2, nil] {
        expectClose(
          try Self.differentiated(example, .shared(Self.list, given), blockSize: size), expected,
          tolerance: 1e-12, "blocks of \(size ?? 0)")
        expectClose(
          try Self.differentiated(
            example, .shared(Self.list, given), blockSize: size, dtype: .float32), expected,
          tolerance: 4e-6, "float32, blocks of \(size ?? 0)")
      }
    }
  }

  @Test func `candidate lists per query match the equation`() throws {
    let example = LabelCase.random(seed: 42, temperature: 0.5)
    // One list is empty, one has only positives, one names a label twice.
    let lists = [[6, 1, 2], [0, 1], [], [4, 2], [2, 0, 0, 6, 3], [0]]
    let counts: [[Float]] = [[0.5, -1, 0], [0, 1], [], [0.25, 2], [1, 0.5, -0.5, 0, 0.75], [1]]
    let expected = Self.expected(example, lists, counts.map { $0.map(Double.init) })
    expectClose(
      try Self.differentiated(example, .rows(lists, counts)), expected, tolerance: 1e-12)
    let zeros = Self.expected(example, lists, lists.map { $0.map { _ in 0 } })
    expectClose(try Self.differentiated(example, .rows(lists, nil)), zeros, tolerance: 1e-12)
  }

  @Test func `sampling all labels equals the full loss`() throws {
    let example = LabelCase.random(seed: 43, temperature: 0.3)
    let expected = try example.streamed(DecoupledSoftmaxLoss.self, blockSize: 3)
    let all = [3, 6, 0, 2, 5, 1, 4]
    for size in [2, nil] {
      expectClose(
        try Self.differentiated(example, .shared(all, nil), blockSize: size), expected,
        tolerance: 1e-13)
    }
    let rows = example.queries.map { _ in all }
    expectClose(try Self.differentiated(example, .rows(rows, nil)), expected, tolerance: 1e-13)
  }

  /// The mean over all draws of Σ exp is that of the whole loss: exp L − 1 = exp(n − s).
  @Test func `the sampling correction is unbiased`() throws {
    var example = LabelCase.random(seed: 44, labels: 5, temperature: 0.5)
    example.queries = [example.queries[0]]
    example.positives = [[2]]
    let chances = [0.1, 0.3, 0.2, 0.15, 0.25]
    var mean = 0.0
    for first in 0..<5 {
      for second in 0..<5 {
        let list = [2, first, second]
        // Two draws; the positive is there anyway.
        let counts = [0] + [first, second].map { log(2 * chances[$0]) }
        let loss = try Self.differentiated(example, .shared(list, counts)).value
        mean += chances[first] * chances[second] * (exp(loss) - 1)
      }
    }
    let whole = try example.streamed(DecoupledSoftmaxLoss.self).value
    expectClose(mean, exp(whole) - 1, tolerance: 1e-12)
  }

  @Test func `masks positives of grade 0`() throws {
    var example = LabelCase.random(seed: 45, temperature: 0.5)
    example.positives = Array(repeating: [1, 4], count: 6)
    example.grades = Array(repeating: [1, 0], count: 6)
    let found = try Self.differentiated(example, .shared([1, 4, 6], nil))
    var alone = example
    alone.positives = Array(repeating: [1], count: 6)
    alone.grades = nil
    let expected = try Self.differentiated(alone, .shared([1, 6], nil))
    expectClose(found, expected, tolerance: 1e-13)
  }

  @Test func `works without bias and without candidates`() throws {
    var example = LabelCase.random(seed: 46, temperature: 0.5)
    let with = example
    example.bias = example.bias.map { _ in 0 }
    let expected = try Self.differentiated(example, .shared(Self.list, Self.counts))
    let found = try Self.differentiated(with, .shared(Self.list, Self.counts), hasBias: false)
    expectClose(found.value, expected.value, tolerance: 1e-13)
    expectClose(found.labels, expected.labels, tolerance: 1e-13)
    let empty = try Self.differentiated(example, .shared([], nil))
    #expect(empty.value == 0 && empty.labels.allSatisfy { $0 == 0 })
  }

  @Test func `stays finite at extreme inputs`() throws {
    let example = LabelCase(
      queries: [[100], [-100]], labels: [[100], [-100], [0], [50]], bias: [0, 0, 0, 0],
      positives: [[0], [0, 2]], temperature: 1)
    for lists in [
      Lists.shared([0, 1, 3], [0, 1, 2]),
      .rows([[0, 1, 3], [0, 1, 3]], [[0, 1, 2], [0, 1, 2]]),
    ] {
      let found = try Self.differentiated(example, lists, dtype: .float32)
      // Query 1 misses by 20,000 + the negative's correction of −1.
      expectClose(found.value, 19_999 / 2, tolerance: 1e-6)
      #expect(found.queries.allSatisfy { $0.isFinite })
    }
  }

  @Test func `traps on a candidate outside the labels`() async {
    await #expect(processExitsWith: .failure) {
      do {
        _ = try DecoupledSoftmaxLoss()(
          queries: .zeros([1, 2]), labels: .zeros([3, 2]),
          positives: CSRMatrix(rows: [[1]], columnCount: 3), candidates: [1, 3])
      } catch {}
    }
  }
}
