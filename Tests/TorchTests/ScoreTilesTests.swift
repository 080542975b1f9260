import TestSupport
import Testing
import Torch

/// Sums over scores against the same in double precision, from the score matrix.
@Suite(.enabled(if: ScoreTiles.suit(.zeros([1])))) struct ScoreTilesTests {
  private let queries = Tensor.normal([70, 20], generator: Generator(seed: 7))
  private let labels = Tensor.normal([150, 20], generator: Generator(seed: 8))
  private let bias = Tensor.normal([150], generator: Generator(seed: 9))
  private static let noCells = ScoreTiles.Cells(
    rows: Tensor([Int]()), positions: Tensor([Int]()), offsets: Tensor([0, 0, 0, 0]))

  private var tiles: ScoreTiles { tiles(ScoreTilesTests.noCells) }
  private func tiles(_ cells: ScoreTiles.Cells) -> ScoreTiles {
    ScoreTiles(
      queries: queries, labels: labels, bias: bias, cells: cells, tileWidth: 64, blockWidth: 128)
  }
  private var scores: Tensor {
    queries.converted(to: .float64).matmul(labels.converted(to: .float64).transposed()) + bias
  }
  private func zeros(_ count: Int) -> Tensor { .zeros([count, 70], dtype: .float64) }

  @Test func `sums exponentials`() {
    let found = zeros(2)
    found[0].copyInPlace(from: .full([70], -Double.infinity, dtype: .float64))
    tiles.add(.exponentials, to: found)
    expectClose(found[0] + found[1].log(), scores.logSumExp(along: 1), tolerance: 1e-6)
  }

  @Test func `adds to existing sums`() {
    let found = zeros(2)
    found[0].copyInPlace(from: .full([70], 200, dtype: .float64))
    found[1].copyInPlace(from: .full([70], 3, dtype: .float64))
    tiles.add(.exponentials, to: found)
    expectClose(
      found[0] + found[1].log(), .full([70], 201.09861228866811, dtype: .float64),
      tolerance: 1e-12)
  }

  @Test func `sums softplus and squared hinges`() {
    let (softplus, hinges) = (zeros(1), zeros(1))
    tiles.add(.softplus, to: softplus)
    tiles.add(.squaredHinges, to: hinges)
    expectClose(softplus[0], (-(-scores).logSigmoid()).sum(along: 1), tolerance: 1e-6)
    expectClose(hinges[0], (scores + 1).relu().squared().sum(along: 1), tolerance: 1e-6)
  }

  /// log(1 + eˢ) of very small scores is nearly eˢ, of large ones nearly s; many are multiplied
  /// before a logarithm is taken.
  @Test(arguments: [-80, -30, -8, 0, 6, 11, 13, 200])
  func `softplus keeps precision at every magnitude`(height: Double) {
    let heights = Tensor.normal([5000], generator: Generator(seed: 3)) + height
    let tiles = ScoreTiles(
      queries: queries * 0.1, labels: .zeros([5000, 20]), bias: heights,
      cells: ScoreTiles.Cells(
        rows: Tensor([Int]()), positions: Tensor([Int]()),
        offsets: Tensor([Int](repeating: 0, count: 80))),
      tileWidth: 64, blockWidth: 5056)
    let found = zeros(1)
    tiles.add(.softplus, to: found)
    let expected = (-(-heights.converted(to: .float64)).logSigmoid()).sum().scalar
    #expect(expected > 0)
    expectClose(found[0] / expected, .full([70], 1, dtype: .float64), tolerance: 2e-6)
  }

  @Test func `adds offsets to the scores`() {
    let offset = Tensor.normal([70, 150], generator: Generator(seed: 10))
    let tiles = ScoreTiles(
      queries: queries, labels: labels, bias: bias, offset: offset, cells: Self.noCells,
      tileWidth: 64, blockWidth: 64)
    let expected = scores + offset
    let sums = zeros(1)
    tiles.add(.squaredHinges, to: sums)
    expectClose(sums[0], (expected + 1).relu().squared().sum(along: 1), tolerance: 1e-6)
    let ofQueries = Tensor.zeros([70, 20])
    tiles.write(
      .hinges(scale: 0.5), atCells: .zeros([0]), upstream: 3, ofQueries: ofQueries, ofLabels: nil,
      ofBias: nil)
    let slopes = (expected + 1).relu() * 0.5
    expectClose(offset.converted(to: .float64), slopes, tolerance: 1e-6)
    expectClose(
      ofQueries.converted(to: .float64), slopes.matmul(labels.converted(to: .float64)),
      tolerance: 1e-5)
  }

  @Test func `finds minimum and maximum scores`() {
    let found = zeros(5)
    found[1].copyInPlace(from: .full([70], Double.infinity, dtype: .float64))
    for k in [2, 3] { found[k].copyInPlace(from: .full([70], -Double.infinity, dtype: .float64)) }
    tiles.add(.bounds(sharpness: 0.7), to: found)
    expectClose(found[0], .full([70], 150, dtype: .float64))
    expectClose(found[1], scores.minimum(along: 1), tolerance: 1e-6)
    expectClose(found[2], scores.maximum(along: 1), tolerance: 1e-6)
    expectClose(
      found[3] + found[4].log(), (scores * 0.7).logSumExp(along: 1), tolerance: 1e-6)
  }

  @Test func `sums sigmoids and their derivatives`() {
    let thresholds = Tensor.normal([70], generator: Generator(seed: 11)).converted(to: .float64) - 3
    let found = zeros(5)
    tiles.add(.sigmoids(thresholds: thresholds, sharpness: 2), to: found)
    let z = (scores + thresholds.expandingDimension(at: 1)) * 2
    let (above, sigmoid) = (z.isGreater(than: 0), z.sigmoid())
    let slopes = sigmoid * (1 - sigmoid)
    expectClose(found[0], above.converted(to: .float64).sum(along: 1))
    expectClose(found[1], sigmoid.replacing(where: above, with: 0).sum(along: 1), tolerance: 1e-6)
    expectClose(
      found[2], (1 - sigmoid).replacing(where: above.logicalNot(), with: 0).sum(along: 1),
      tolerance: 1e-6)
    expectClose(found[3], slopes.sum(along: 1), tolerance: 1e-6)
    expectClose(found[4], (slopes * (1 - sigmoid * 2)).sum(along: 1), tolerance: 1e-6)
  }

  /// Cell 0 is row 1, column 2; cell 1 row 69, column 149, in the last tile of 22 labels.
  @Test func `finds and hides cells`() {
    let cells = ScoreTiles.Cells(
      rows: Tensor([1, 69]), positions: Tensor([66, 69 * 22 + 21]), offsets: Tensor([0, 1, 1, 2]))
    let sums = zeros(1)
    let found = Tensor.zeros([2])
    tiles(cells).add(.squaredHinges, to: sums, cellScores: found, hidesCells: true)
    let expected = scores
    expectClose(
      found.doubles(), [expected[1][2].scalar, expected[69][149].scalar], tolerance: 1e-6)
    expected.setElementsInPlace(at: Tensor([152, 69 * 150 + 149]), to: -.infinity)
    expectClose(sums[0], (expected + 1).relu().squared().sum(along: 1), tolerance: 1e-6)
  }

  @Test func `rejects mismatched shapes`() {
    #expect(throws: TorchError.self) {
      try checked { tiles.add(.softplus, to: .zeros([1, 69], dtype: .float64)) }
    }
    #expect(throws: TorchError.self) {
      try checked { tiles.add(.softplus, to: .zeros([1, 70])) }
    }
    #expect(throws: TorchError.self) {
      try checked { tiles.add(.sigmoids(thresholds: zeros(1), sharpness: 1), to: zeros(4)) }
    }
    let shortBias = ScoreTiles(
      queries: queries, labels: labels, bias: .zeros([149]), cells: Self.noCells, tileWidth: 64,
      blockWidth: 64)
    #expect(throws: TorchError.self) { try checked { shortBias.add(.softplus, to: zeros(1)) } }
    let wideTiles = ScoreTiles(
      queries: queries, labels: labels, bias: nil, cells: Self.noCells, tileWidth: 65,
      blockWidth: 65)
    #expect(throws: TorchError.self) { try checked { wideTiles.add(.softplus, to: zeros(1)) } }
    let narrow = ScoreTiles(
      queries: queries, labels: labels, bias: nil, offset: .zeros([70, 149]), cells: Self.noCells,
      tileWidth: 64, blockWidth: 64)
    #expect(throws: TorchError.self) { try checked { narrow.add(.softplus, to: zeros(1)) } }
    #expect(!ScoreTiles.suit(.zeros([1], dtype: .float64)))
  }
}
