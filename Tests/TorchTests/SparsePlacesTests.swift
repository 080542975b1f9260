import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SparsePlacesTests {
  /// An empty row, a column twice in a row, unsorted columns, and a column that nobody has.
  private static let rows = CSRMatrix(rows: [[2, 0, 2], [], [1], [3, 0]], columnCount: 5)
  private static let owners = [0, 0, 0, 2, 3, 3]
  private static let columns = [2, 0, 2, 1, 3, 0]
  private static let places = SparsePlaces(rows)

  /// Weights `[E, heads]` and a dense matrix `[V, heads · width]`.
  private static func inputs(heads: Int, width: Int) -> [[[Double]]] {
    PairLossChecks.matrices([(6, heads), (5, heads * width), (4, heads * width)], seed: 3)
  }

  private static func sums(
    _ weights: [[Double]]?, _ dense: [[Double]], heads: Int
  ) -> [[Double]] {
    let width = dense[0].count / heads
    var result = [[Double]](
      repeating: [Double](repeating: 0, count: dense[0].count), count: 4)
    for (entry, owner) in owners.enumerated() {
      for i in dense[0].indices {
        result[owner][i] += (weights?[entry][i / width] ?? 1) * dense[columns[entry]][i]
      }
    }
    return result
  }

  @Test(arguments: [(1, 1), (1, 3), (2, 5), (3, 16), (1, 85), (2, 64)])
  func `sums are those of loops`(heads: Int, width: Int) throws {
    let numbers = Self.inputs(heads: heads, width: width)
    let (weights, dense) = (Tensor(rows: numbers[0]), Tensor(rows: numbers[1]))
    expectClose(
      try Self.places.sums(of: dense, weights: weights),
      Tensor(rows: Self.sums(numbers[0], numbers[1], heads: heads)), tolerance: 1e-14)
    expectClose(
      try Self.places.sums(of: dense), Tensor(rows: Self.sums(nil, numbers[1], heads: 1)),
      tolerance: 1e-14)
    expectClose(
      try Self.places.sums(
        of: dense.converted(to: .float32), weights: weights.converted(to: .float32)),
      Tensor(rows: Self.sums(numbers[0], numbers[1], heads: heads)).converted(to: .float32),
      tolerance: 1e-6)
  }

  @Test(arguments: [(1, 1), (2, 5), (3, 16)])
  func `products are those of loops`(heads: Int, width: Int) throws {
    let numbers = Self.inputs(heads: heads, width: width)
    let expected = Self.owners.indices.map { entry in
      (0..<heads).map { head in
        (0..<width).reduce(0.0) {
          $0 + numbers[2][Self.owners[entry]][head * width + $1]
            * numbers[1][Self.columns[entry]][head * width + $1]
        }
      }
    }
    expectClose(
      try Self.places.products(
        Tensor(rows: numbers[2]), Tensor(rows: numbers[1]), heads: heads),
      Tensor(rows: expected), tolerance: 1e-14)
  }

  @Test func `gradients match differences`() throws {
    let places = Self.places
    let numbers = Self.inputs(heads: 2, width: 3)
    let factors = Tensor(rows: PairLossChecks.matrices([(4, 6)], seed: 9)[0])
    let ofEntries = Tensor(rows: PairLossChecks.matrices([(6, 2)], seed: 10)[0])
    let losses: [PairLoss] = [
      { try (places.sums(of: $0[1], weights: $0[0]).squared() * factors).sum() },
      { try (places.sums(of: $0[1]).squared() * factors).sum() + $0[0].sum() * 0 },
      { try (places.products($0[2], $0[1], heads: 2).squared() * ofEntries).sum() },
      { try places.rowSums(of: $0[0]).squared().sum() },
      { try (places.spread($0[2][0..<4]).squared()).sum() },
      { try (places.softmax($0[0] * 3) * ofEntries).sum() },
      {
        let transposed = places.transposed
        return try (transposed.sums(of: $0[2], weights: $0[0]).squared()).sum()
      },
    ]
    for loss in losses {
      try PairLossChecks.gradientsMatchDifferences(at: numbers, loss)
      try expectSecondDerivatives(at: numbers, loss)
    }
  }

  @Test func `softmax is over the entries of a row`() throws {
    let infinity = Double.infinity
    let scores = [
      [1.0, -infinity], [2, 5], [3, 5], [1000, -infinity], [0, 1e300], [-1000, 0],
    ]
    let shares = try Self.places.softmax(Tensor(rows: scores))
    let total = exp(-2.0) + exp(-1.0) + 1
    expectClose(
      shares,
      Tensor(rows: [
        [exp(-2.0) / total, 0], [exp(-1.0) / total, 0.5], [1 / total, 0.5], [1, 0], [1, 1], [0, 0],
      ]), tolerance: 1e-15)
  }

  @Test func `other types take operators of libtorch with the same results`() throws {
    let numbers = Self.inputs(heads: 2, width: 3)
    // Few bits, so that halves hold the numbers exactly.
    let tensors = numbers.map { matrix in
      Tensor(rows: matrix.map { $0.map { ($0 * 8).rounded() / 8 } })
    }
    func half(_ tensor: Tensor) -> Tensor { tensor.converted(to: .float16) }
    func expectSame(_ one: Tensor, _ other: Tensor) {
      expectClose(one.converted(to: .float64), other, tolerance: 2e-3)
    }
    let places = Self.places
    expectSame(
      try places.sums(of: half(tensors[1]), weights: half(tensors[0])),
      try places.sums(of: tensors[1], weights: tensors[0]))
    expectSame(try places.rowSums(of: half(tensors[0])), try places.rowSums(of: tensors[0]))
    expectSame(
      try places.products(half(tensors[2]), half(tensors[1]), heads: 2),
      try places.products(tensors[2], tensors[1], heads: 2))
    expectSame(try places.softmax(half(tensors[0])), try places.softmax(tensors[0]))
  }

  @Test func `results do not depend on the number of threads`() throws {
    var random = SplitMix64(4)
    let rows = (0..<3000).map { row in
      (0..<(row % 97 == 0 ? 400 : row % 5)).map { _ in random.below(2000) }
    }
    let places = SparsePlaces(CSRMatrix(rows: rows, columnCount: 2000))
    let generator = Generator(seed: 1)
    let dense = Tensor.normal([2000, 24], generator: generator)
    let weights = Tensor.normal([places.entryCount, 2], generator: generator)
    func results() throws -> [[Float]] {
      [
        try places.sums(of: dense, weights: weights).array(),
        try places.softmax(weights).array(),
        try places.products(places.sums(of: dense), dense, heads: 2).array(),
      ]
    }
    let one = try Runtime.withThreads(1) { try results() }
    let two = try Runtime.withThreads(2) { try results() }
    #expect(one == two)
  }

  @Test func `a sparse matrix multiplies a dense one`() throws {
    let rows = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 3]), columns: MappedArray([0, 2, 1]),
      values: MappedArray([1, 2, 3]), columnCount: 3)
    let matrix = SparseMatrix(rows, dtype: .float64)
    let dense = Tensor(rows: [[1.0, 10], [2, 20], [3, 30]])
    expectClose(try matrix.product(with: dense), Tensor(rows: [[7.0, 70], [6, 60]]))
    expectClose(
      try matrix.transposed.product(with: Tensor(rows: [[1.0], [2]])),
      Tensor(rows: [[1.0], [6], [2]]))
    let kept = matrix.droppedOut(0.5, generator: Generator(seed: 2))
    #expect(kept.values?.doubles().allSatisfy { [0, 2, 4, 6].contains($0) } == true)
  }
}
