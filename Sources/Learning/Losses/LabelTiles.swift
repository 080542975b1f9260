internal import Torch

/// How the labels are cut up for the interface library's kernels.
struct LabelTiling {
  /// Labels that are scored at a time.
  let tileWidth: Int
  /// Labels that a thread takes at a time, and sums up by themselves.
  let blockWidth: Int
  /// Labels of one call: all, or as many as there is room for scores beside.
  let sectionWidth: Int
}

/// The labels of one call of the interface library.
private struct LabelSection {
  let labels: Range<Int>
  /// The positive cells.
  let cells: Range<Int>
  let tiles: ScoreTiles
  /// A wide part's scores, `[B, labels.count]`; after the backward half ∂L/∂s.
  let beside: Tensor?
}

/// All labels, a section at a time.
private struct LabelSections {
  let blocks: LabelBlocks
  let positives: PositiveCells
  let tiling: LabelTiling

  func forEach(_ body: (LabelSection) -> Void) {
    let (queries, labels) = (blocks.queries, blocks.labels)
    let rowCount = queries.size(along: 0)
    let labelCount = labels.size(along: 0)
    // Of one size, so that memory is asked for once.
    let room = blocks.beside.map { _ in
      Tensor.uninitialized([rowCount * min(tiling.sectionWidth, labelCount)], dtype: .float32)
    }
    for start in stride(from: 0, to: labelCount, by: tiling.sectionWidth) {
      let range = start..<min(start + tiling.sectionWidth, labelCount)
      let beside = room.map { $0[0..<(rowCount * range.count)].reshaped([rowCount, range.count]) }
      if let beside {
        beside.fillInPlace(0)
        blocks.beside?.add(to: beside, labels: range)
      }
      let firstTile = start / tiling.tileWidth
      let behindTile = (range.upperBound + tiling.tileWidth - 1) / tiling.tileWidth
      let offsets = positives.offsets[firstTile...behindTile]
      let entries = positives.offsets[firstTile]..<positives.offsets[behindTile]
      let cells = ScoreTiles.Cells(
        rows: positives.rows[entries], positions: positives.positions[entries],
        offsets: Tensor(offsets.map { $0 - entries.lowerBound }))
      let tiles = ScoreTiles(
        queries: queries, labels: labels[range], bias: blocks.bias?[range], beside: beside,
        cells: cells, tileWidth: tiling.tileWidth, blockWidth: tiling.blockWidth)
      body(LabelSection(labels: range, cells: entries, tiles: tiles, beside: beside))
    }
  }
}

/// One pass over all scores in the interface library.
struct TileSweep {
  fileprivate let sections: LabelSections
  fileprivate let found: Tensor
  fileprivate let hidesPositives: Bool

  /// Adds Σ exp of each row.
  func add(to sum: RunningLogSumExp) -> Bool {
    sections.forEach { section in
      sum.add(section.tiles, found: found[section.cells], hidesCells: hidesPositives)
    }
    return true
  }

  /// Adds sums of each row to `results`, float64 `[B]`, or `[K, B]` for K sums.
  func add(_ sums: ScoreTiles.Sums, to results: Tensor) -> Bool {
    sections.forEach { section in
      section.tiles.add(
        sums, to: results, found: found[section.cells], hidesCells: hidesPositives)
    }
    return true
  }

  /// Adds sums of some rows to `results`, float64 `[rows]`, or `[K, rows]` for K sums.
  func add(_ sums: ScoreTiles.Sums, ofRows rows: Tensor, to results: Tensor) {
    sections.forEach { $0.tiles.selecting(rows: rows).add(sums, to: results) }
  }
}

/// The two halves of a streamed loss in the interface library, where it has kernels: products and
/// what becomes of the scores in one go, a tile at a time.
extension StreamedLoss {
  /// How the labels are cut up, in sections of about `sectionWidth`, nil for one section; nil where
  /// there are no kernels.
  func tiling(_ queries: Tensor, _ labelCount: Int, sectionWidth: Int?) -> LabelTiling? {
    guard sweep != nil, ScoreTiles.suit(queries) else { return nil }
    let tile = min(ScoreTiles.widestTile, blockSize ?? .max)
    // Enough blocks for all threads, and each large enough that its own sums cost nothing.
    let block = blockSize ?? min(4096, max(256, sectionWidth.map { $0 / 8 } ?? labelCount / 32))
    let blockWidth = max(1, block / tile) * tile
    let section = sectionWidth.map { max(1, $0 / blockWidth) * blockWidth } ?? max(1, labelCount)
    return LabelTiling(tileWidth: tile, blockWidth: blockWidth, sectionWidth: section)
  }

  /// The forward pass; nil where it has to be done block by block.
  func look(through tiling: LabelTiling?, at blocks: LabelBlocks, _ positives: PositiveCells)
    -> Seen<Pass>?
  {
    guard let tiling, let sweep else { return nil }
    let pass = makePass(positives: positives, like: blocks.queries)
    let found = Tensor.zeros([positives.count], dtype: .float32)
    let sections = LabelSections(blocks: blocks, positives: positives, tiling: tiling)
    let all = TileSweep(sections: sections, found: found, hidesPositives: Self.hidesPositives)
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
    let atCells = own.atPositives.converted(to: .float32)
    LabelSections(blocks: blocks, positives: positives, tiling: tiling).forEach { section in
      section.tiles.write(
        map, atCells: atCells[section.cells], upstream: factor, ofQueries: ofQueries,
        ofLabels: ofLabels?[section.labels], ofBias: ofBias?[section.labels])
      if let beside = section.beside {
        blocks.beside?.accumulate(gradient: beside, labels: section.labels, scale: factor)
      }
    }
    let all = [
      ofQueries.map { ($0 * (factor / temperature)).converted(to: queries.dtype) },
      ofLabels, ofBias.map { $0.converted(to: labels.dtype) },
    ]
    return Array(all.prefix(needed.count))
  }
}
