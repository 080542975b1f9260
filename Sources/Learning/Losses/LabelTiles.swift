internal import Torch

/// How the labels are cut up for the interface library's kernels.
struct LabelTiling {
  /// Labels that are scored at a time.
  let tileWidth: Int
  /// Labels that a thread takes at a time, and sums up by themselves.
  let blockWidth: Int
}

/// One pass over all scores in the interface library.
struct TileSweep {
  let tiles: ScoreTiles
  fileprivate let found: Tensor
  fileprivate let hidesPositives: Bool

  /// Adds Σ exp of each row.
  func add(to sum: RunningLogSumExp) -> Bool {
    sum.add(tiles, found: found, hidesCells: hidesPositives)
    return true
  }

  /// Adds sums of each row to `results`, float64 `[B]`, or `[K, B]` for K sums.
  func add(_ sums: ScoreTiles.Sums, to results: Tensor) -> Bool {
    tiles.add(sums, to: results, found: found, hidesCells: hidesPositives)
    return true
  }
}

/// The two halves of a streamed loss in the interface library, where it has kernels: products and
/// what becomes of the scores in one go, a tile at a time.
extension StreamedLoss {
  /// How the labels are cut up; nil where there are no kernels.
  func tiling(_ queries: Tensor, _ labelCount: Int) -> LabelTiling? {
    guard sweep != nil, ScoreTiles.suit(queries) else { return nil }
    let tile = min(ScoreTiles.widestTile, blockSize ?? .max)
    // Enough blocks for all threads, and each large enough that its own sums cost nothing.
    let block = blockSize ?? min(4096, max(256, labelCount / 32))
    return LabelTiling(tileWidth: tile, blockWidth: max(1, block / tile) * tile)
  }

  private func tiles(_ tiling: LabelTiling, _ blocks: LabelBlocks, _ positives: PositiveCells)
    -> ScoreTiles
  {
    let cells = ScoreTiles.Cells(
      rows: positives.rows, positions: positives.positions, offsets: Tensor(positives.offsets))
    return ScoreTiles(
      queries: blocks.queries, labels: blocks.labels, bias: blocks.bias, cells: cells,
      tileWidth: tiling.tileWidth, blockWidth: tiling.blockWidth)
  }

  /// The forward pass; nil where it has to be done block by block.
  func look(through tiling: LabelTiling?, at blocks: LabelBlocks, _ positives: PositiveCells)
    -> Seen<Pass>?
  {
    guard let tiling, let sweep else { return nil }
    let pass = makePass(positives: positives, like: blocks.queries)
    let found = Tensor.zeros([positives.count], dtype: .float32)
    let all = TileSweep(
      tiles: tiles(tiling, blocks, positives), found: found, hidesPositives: Self.hidesPositives)
    repeat {
      if !sweep(all, pass) { return nil }
    } while needsAnotherSweep(pass)
    return Seen(
      pass: pass, positiveScores: found.converted(to: .float64), kept: nil, isTiled: true)
  }

  /// The gradients; nil where the forward pass was done block by block.
  func gradients(
    through tiling: LabelTiling?, _ blocks: LabelBlocks, _ positives: PositiveCells,
    _ seen: Seen<Pass>, _ upstream: Tensor, _ needed: [Bool]
  ) -> [Tensor?]? {
    guard let tiling, seen.isTiled else { return nil }
    let own = gradient(of: seen.pass, positives: positives, scores: seen.positiveScores)
    guard let map = own.tiled else { return nil }
    let (queries, labels) = (blocks.queries, blocks.labels)
    let factor = upstream.scalar
    let ofQueries = needed[0] ? Tensor.zeros(queries.shape, dtype: .float32) : nil
    let ofLabels = needed[1] ? Tensor.uninitialized(labels.shape, dtype: labels.dtype) : nil
    let ofBias =
      blocks.bias != nil && needed[2]
      ? Tensor.uninitialized([labels.size(along: 0)], dtype: .float32) : nil
    tiles(tiling, blocks, positives).write(
      map, atCells: own.atPositives.converted(to: .float32), upstream: factor,
      ofQueries: ofQueries, ofLabels: ofLabels, ofBias: ofBias)
    let all = [
      ofQueries.map { ($0 * (factor / temperature)).converted(to: queries.dtype) },
      ofLabels, ofBias.map { $0.converted(to: labels.dtype) },
    ]
    return Array(all.prefix(needed.count))
  }
}
