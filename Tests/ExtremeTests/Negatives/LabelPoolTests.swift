import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LabelPoolTests {
  private struct Case: Decodable {
    let labelCount: Int
    let positives: [[Int]]
    let hard: [[Int]]
    let labels: [Int]
    let remapped: [[Int]]
    let positiveCount: Int
    let hardCount: Int
  }

  @Test func `agrees with Python sets`() throws {
    let golden = try Golden<Case>("LabelPool")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      var random = SplitMix64(1)
      let pool = LabelPool(
        .init(hardNegatives: 3),
        positives: CSRMatrix(rows: found.positives, columnCount: found.labelCount),
        shortlist: CSRMatrix(rows: found.hard, columnCount: found.labelCount), using: &random)
      #expect(pool.labels == found.labels)
      #expect(pool.positiveCount == found.positiveCount && pool.hardCount == found.hardCount)
      #expect(rows(of: pool.positives) == found.remapped)
    }
  }

  /// Random matrices, whatever the pool is made of: the pool's positives are exactly those labels
  /// of the pool that are positives of the row.
  @Test(arguments: 0..<40) func `a positive is never a negative`(seed: UInt64) {
    var random = SplitMix64(seed, 17)
    let (rowCount, labelCount) = (1 + random.below(9), 1 + random.below(60))
    func matrix(_ most: Int) -> [[Int]] {
      (0..<rowCount).map { _ in
        Array((0..<labelCount).shuffled(using: &random).prefix(random.below(most)))
      }
    }
    let positives = matrix(6)
    // The shortlist is careless: it names positives too.
    let shortlist = matrix(9)
    let pool = LabelPool(
      .init(
        hardNegatives: random.below(5), uniformNegatives: random.below(12),
        positiveLimit: seed % 3 == 0 ? Int(seed % 2) : nil, multiple: 1 + random.below(20)),
      positives: CSRMatrix(rows: positives, columnCount: labelCount),
      shortlist: seed % 5 == 4 ? nil : CSRMatrix(rows: shortlist, columnCount: labelCount),
      using: &random)
    #expect(pool.labels == Set(pool.labels).sorted())
    for (row, own) in positives.enumerated() {
      let named = rows(of: pool.positives)[row].map { pool.labels[$0] }
      #expect(Set(named) == Set(own).intersection(pool.labels))
      if seed % 3 != 0 { #expect(Set(named) == Set(own)) }
    }
    let all = Set(positives.flatMap { $0 })
    #expect(pool.positiveCount == pool.labels.count { all.contains($0) })
  }

  @Test func `a pool of all labels gives the full loss`() throws {
    var random = SplitMix64(4)
    let queries = Tensor(random.doubles(12), shape: [4, 3])
    let labels = Tensor(random.doubles(18), shape: [6, 3]).requiringGradient()
    let bias = Tensor(random.doubles(6)).requiringGradient()
    let positives = CSRMatrix(rows: [[0, 5], [], [2], [4, 1]], columnCount: 6)
    let every = CSRMatrix(rows: Array(repeating: Array(0..<6), count: 4), columnCount: 6)
    let pool = LabelPool(
      .init(hardNegatives: 6), positives: positives, shortlist: every, using: &random)
    let loss = DecoupledSoftmaxLoss(temperature: 0.5)
    let whole = try loss(queries: queries, labels: labels, bias: bias, positives: positives)
    let part = try loss(
      queries: queries, labels: pool.rows(of: labels), bias: pool.rows(of: bias),
      positives: pool.positives)
    expectClose(part.scalar, whole.scalar, tolerance: 1e-12)
    let (a, b) = (
      try gradients(of: whole, withRespectTo: [labels, bias]),
      try gradients(of: part, withRespectTo: [labels, bias])
    )
    expectClose(b[0], a[0], tolerance: 1e-12)
    expectClose(b[1], a[1], tolerance: 1e-12)
  }

  @Test func `labels outside the pool get no gradient`() throws {
    var random = SplitMix64(5)
    let labels = Tensor(random.doubles(18), shape: [6, 3]).requiringGradient()
    let positives = CSRMatrix(rows: [[4], [1]], columnCount: 6)
    let pool = LabelPool(.init(), positives: positives, using: &random)
    #expect(pool.labels == [1, 4])
    let loss = try InfoNCELoss()(
      queries: Tensor(random.doubles(6), shape: [2, 3]), labels: pool.rows(of: labels),
      positives: pool.positives)
    let slopes = try gradients(of: loss, withRespectTo: [labels])[0]!.doubles()
    for label in 0..<6 {
      #expect(slopes[(3 * label)..<(3 * label + 3)].contains { $0 != 0 } == [1, 4].contains(label))
    }
  }

  @Test(arguments: [(1, 3), (4, 4), (7, 7), (8, 8), (64, 10)])
  func `pads a pool to the given multiple`(multiple: Int, size: Int) {
    var random = SplitMix64(2)
    let pool = LabelPool(
      .init(multiple: multiple),
      positives: CSRMatrix(rows: [[4, 9], [1]], columnCount: 10), using: &random)
    #expect(pool.labels.count == size && Set(pool.labels).isSuperset(of: [1, 4, 9]))
  }

  @Test func `the sparse gradient holds only pool rows`() throws {
    var random = SplitMix64(5)
    let table = Tensor(random.doubles(18), shape: [6, 3]).requiringGradient()
    let weights = Tensor(random.doubles(6), shape: [2, 3])
    let pool = LabelPool(
      .init(), positives: CSRMatrix(rows: [[4], [1]], columnCount: 6), using: &random)
    expectClose(pool.sparseRows(of: table).detached(), pool.rows(of: table).detached())
    let sparse = try gradients(
      of: (pool.sparseRows(of: table) * weights).sum(), withRespectTo: [table])[0]!
    let dense = try gradients(
      of: (pool.rows(of: table) * weights).sum(), withRespectTo: [table])[0]!
    #expect(sparse.isSparse && sparse.storedRows().rows.array(of: Int64.self) == [1, 4])
    expectClose(sparse.densified(), dense)
  }

  @Test func `keeps the weights of positives`() {
    var random = SplitMix64(6)
    let positives = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 3]), columns: MappedArray([7, 2, 5]),
      values: MappedArray([0.5, 2, 3]), columnCount: 9)
    let pool = LabelPool(.init(), positives: positives, using: &random)
    #expect(pool.labels == [2, 5, 7])
    #expect(Array(pool.positives.columns) == [2, 0, 1])
    #expect(pool.positives.values.map { Array($0) } == [0.5, 2, 3])
  }

  @Test func `equal seeds give equal draws`() {
    func draw(_ seed: UInt64) -> LabelPool {
      var random = SplitMix64(seed)
      return LabelPool(
        .init(hardNegatives: 2, uniformNegatives: 5),
        positives: CSRMatrix(rows: [[3], [9]], columnCount: 50),
        shortlist: CSRMatrix(rows: [Array(10..<30), Array(30..<50)], columnCount: 50),
        using: &random)
    }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
    #expect(draw(1).hardCount == 4)
  }
}

/// The columns of each row.
func rows(of matrix: CSRMatrix) -> [[Int]] {
  (0..<matrix.rowCount).map { matrix.columns(ofRow: $0).map { Int($0) } }
}
