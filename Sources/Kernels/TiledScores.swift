import Torch

/// The engine of the interface library's kernels: products and what follows from the scores in one
/// go, a tile at a time.
final class TiledScores: StreamedScores {
  let scores: LabelScores
  let positiveScores: Tensor
  let usesKernels = true
  let keptScores: Tensor? = nil
  let gradientDtype = DType.float32
  private let layout: LabelLayout.Kernels

  /// Nil where the layout has no kernels.
  init?(_ scores: LabelScores) {
    guard let layout = scores.layout.kernels else { return nil }
    self.layout = layout
    self.scores = scores
    positiveScores = .zeros([scores.positives.count], dtype: .float32)
  }

  func sums(_ kind: ScoreSums) -> Tensor {
    let results = kind.start(rowCount: scores.rowCount)
    forEachSection { section in
      section.tiles.add(
        kind, to: results, cellScores: positiveScores[section.cells],
        hidesCells: scores.hidesPositives)
    }
    return results
  }

  func sums(_ kind: ScoreSums, ofRows rows: Tensor) -> Tensor? {
    let results = kind.start(rowCount: rows.elementCount)
    forEachSection { $0.tiles.selecting(rows: rows).add(kind, to: results) }
    return results
  }

  func thresholds(_ search: OneSweepSearch) -> Tensor? {
    guard layout.tileWidth == ScoreTiles.widestTile,
      search.suits(labelCount: scores.labelCount)
    else { return nil }
    let tileCount = (scores.labelCount - 1) / layout.tileWidth + 1
    let cutoffs = search.cutoffs(tileCount: tileCount) { stride in
      let peaks = Tensor.full(
        [ScoreTiles.widestTile, scores.rowCount], -.infinity, dtype: .float64)
      forEachSection { $0.tiles.addPeaks(to: peaks, stride: stride) }
      return peaks
    }
    let tails = Tensor.zeros([5, scores.rowCount], dtype: .float64)
    let above = Tensor.uninitialized([scores.rowCount, search.limit], dtype: .float32)
    forEachSection { section in
      section.tiles.addTails(
        to: tails, above: above, cutoffs: cutoffs, sharpness: search.sharpness,
        cellScores: positiveScores[section.cells])
    }
    return ScoreTiles.thresholds(
      ofTails: tails, above: above, cutoffs: cutoffs, places: search.places,
      sharpness: search.sharpness)
  }

  func write(_ gradient: LossGradient, upstream: Tensor, to results: InputGradients) {
    let factor = upstream.scalar
    let atPositives = gradient.atPositives.converted(to: .float32)
    forEachSection { section in
      section.tiles.write(
        gradient.elsewhere, atCells: atPositives[section.cells], upstream: factor,
        ofQueries: results.ofQueries, ofLabels: results.ofLabels?[section.labels],
        ofBias: results.ofBias?[section.labels])
      if let gradient = section.offset {
        scores.offset?.accumulate(gradient: gradient, labels: section.labels, scale: factor)
      }
    }
  }

  /// The labels of one call of the interface library.
  private struct Section {
    let labels: Range<Int>
    /// The positive cells.
    let cells: Range<Int>
    let tiles: ScoreTiles
    /// The offset's scores, `[B, labels.count]`; after the backward pass ∂L/∂s.
    let offset: Tensor?
  }

  private func forEachSection(_ body: (Section) -> Void) {
    let positives = scores.positives
    let (rowCount, labelCount) = (scores.rowCount, scores.labelCount)
    // Of one size, so that memory is asked for once.
    let room = scores.offset.map { _ in
      Tensor.uninitialized([rowCount * min(layout.sectionWidth, labelCount)], dtype: .float32)
    }
    for range in (0..<labelCount).blocks(of: layout.sectionWidth) {
      let offset = room.map { $0[0..<(rowCount * range.count)].reshaped([rowCount, range.count]) }
      if let offset {
        offset.fillInPlace(0)
        scores.offset?.add(to: offset, labels: range)
      }
      let firstTile = range.lowerBound / layout.tileWidth
      let endTile = (range.upperBound + layout.tileWidth - 1) / layout.tileWidth
      let bounds = positives.offsets[firstTile...endTile]
      let cells = positives.offsets[firstTile]..<positives.offsets[endTile]
      let tiles = ScoreTiles(
        queries: scores.queries, labels: scores.labels[range], bias: scores.bias?[range],
        offset: offset,
        cells: ScoreTiles.Cells(
          rows: positives.rows[cells], positions: positives.positions[cells],
          offsets: Tensor(bounds.map { $0 - cells.lowerBound })),
        tileWidth: layout.tileWidth, blockWidth: layout.blockWidth)
      body(Section(labels: range, cells: cells, tiles: tiles, offset: offset))
    }
  }
}

extension ScoreSums {
  /// The sums of no label, `[K, B]`.
  fileprivate func start(rowCount: Int) -> Tensor {
    Tensor(rows: initialValues.map { [Double](repeating: $0, count: rowCount) })
  }
}
