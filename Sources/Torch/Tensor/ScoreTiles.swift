internal import CTorch

/// A query × label score matrix that is never materialised: only sums over its rows and its gradients
/// are.
///
/// The kernels multiply a tile of 64 × 64 scores, use it and drop it while it is in the cache; threads
/// share the labels. Gradients are not recorded: call them only inside a `CustomFunction`'s closures.
///
/// Softmax takes two numbers a row:
/// Milakov, Gimelshein. Online normalizer calculation for softmax. 2018.
/// <https://arxiv.org/abs/1805.02867>
package struct ScoreTiles: Sendable {
  /// Cells of the score matrix that are handled separately, grouped by tiles.
  package struct Cells: Sendable {
    /// `[E]`, int64: the row of each cell; they ascend within a tile.
    package var rows: Tensor
    /// `[E]`, int64: its index in the scores of its tile, in row-major order.
    package var positions: Tensor
    /// Int64, one more than there are tiles: tile k has the cells `offsets[k] ..< offsets[k + 1]`.
    package var offsets: Tensor

    /// Names the cells.
    package init(rows: Tensor, positions: Tensor, offsets: Tensor) {
      self.rows = rows
      self.positions = positions
      self.offsets = offsets
    }
  }

  private let queries: Tensor
  private let labels: Tensor
  private let bias: Tensor?
  private let offset: Tensor?
  private let cells: Cells
  private let tileWidth: Int
  private let blockWidth: Int

  /// The largest width of a tile, which is the fastest.
  package static let widestTile = 64

  /// Whether there are kernels for scores of the dtype and on the device of `model`: float32 and
  /// bfloat16 on the CPU.
  ///
  /// Products of bfloat16 are computed in float32 unless the processor has instructions for them.
  package static func suit(_ model: Tensor) -> Bool {
    withExtendedLifetime(model) { ct_score_kernels_suit(model.pointer) != 0 }
  }

  /// The scores `queries · labelsᵀ + bias + offset`.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`, contiguous.
  ///   - labels: `[L, D]`, contiguous, of the same dtype.
  ///   - bias: `[L]`, or nil.
  ///   - offset: `[B, L]`, float32, contiguous, or nil; `write` overwrites it with ∂L/∂s.
  ///   - cells: the cells, for tiles of `tileWidth` labels.
  ///   - tileWidth: labels per tile, 1 to 64.
  ///   - blockWidth: labels that a thread takes at a time, a multiple of `tileWidth`.
  package init(
    queries: Tensor, labels: Tensor, bias: Tensor?, offset: Tensor? = nil, cells: Cells,
    tileWidth: Int, blockWidth: Int
  ) {
    self.queries = queries
    self.labels = labels
    self.bias = bias
    self.offset = offset
    self.cells = cells
    self.tileWidth = tileWidth
    self.blockWidth = blockWidth
  }

  /// The scores of some queries, without any cells.
  ///
  /// - Parameter rows: int64, the queries' numbers.
  package func selecting(rows: Tensor) -> ScoreTiles {
    let none = Tensor.zeros([0], dtype: .int64)
    let tileCount = (labels.size(along: 0) + tileWidth - 1) / tileWidth
    return ScoreTiles(
      queries: queries.gathered(rows: rows), labels: labels, bias: bias,
      offset: offset?.gathered(rows: rows),
      cells: Cells(
        rows: none, positions: none, offsets: .zeros([tileCount + 1], dtype: .int64)),
      tileWidth: tileWidth, blockWidth: blockWidth)
  }

  /// Adds sums over all labels to `results`.
  ///
  /// - Parameters:
  ///   - sums: the kind of sums.
  ///   - results: float64, of the shape that `sums` names; it holds the sums of earlier labels, or
  ///     `sums.initialValues`.
  ///   - cellScores: float32 `[E]`, receives the scores of the cells.
  ///   - hidesCells: whether the sums leave out the cells.
  /// - Precondition: `sums.hasKernel`.
  package func add(
    _ sums: ScoreSums, to results: Tensor, cellScores: Tensor? = nil, hidesCells: Bool = false
  ) {
    let (kind, scalar, thresholds): (ct_score_kind, Double, Tensor?) =
      switch sums {
      case .exponentials, .exponentialsAndOne: (CT_SCORE_EXPONENTIALS, 0, nil)
      case .softplus: (CT_SCORE_SOFTPLUS, 0, nil)
      case .squaredHinges: (CT_SCORE_SQUARED_HINGE, 0, nil)
      case .bounds(let sharpness): (CT_SCORE_BOUNDS, sharpness, nil)
      case .sigmoids(let thresholds, let sharpness):
        (CT_SCORE_SIGMOID_SUMS, sharpness, thresholds)
      case .moments, .logSigmoids: preconditionFailure("no kernel for \(sums)")
      }
    add(
      kind, scalar, thresholds, to: results, cellScores: cellScores, hidesCells: hidesCells,
      above: nil)
  }

  /// Raises `peaks` to the maxima of 64 parts of the scores in some tiles.
  ///
  /// - Parameters:
  ///   - peaks: float64 `[64, B]`; −∞ before the first label.
  ///   - stride: the tiles are those with numbers divisible by it.
  package func addPeaks(to peaks: Tensor, stride: Int) {
    add(
      CT_SCORE_PEAKS, Double(stride), nil, to: peaks, cellScores: nil, hidesCells: false,
      above: nil)
  }

  /// Adds to `tails`, with y = exp(`sharpness` (s − `cutoffs`)), the sums of y, y², y³ and y⁴ over the
  /// scores not above their row's cutoff, and the number of the others.
  ///
  /// - Parameters:
  ///   - tails: float64 `[5, B]`; 0 before the first label.
  ///   - above: float32 `[B, limit]`, to whose rows the scores above the cutoff are appended while
  ///     there is room.
  ///   - cutoffs: float64 `[B]`, float32 numbers.
  ///   - cellScores: float32 `[E]`, receives the scores of the cells.
  package func addTails(
    to tails: Tensor, above: Tensor, cutoffs: Tensor, sharpness: Double, cellScores: Tensor
  ) {
    add(
      CT_SCORE_TAILS, sharpness, cutoffs, to: tails, cellScores: cellScores, hidesCells: false,
      above: above)
  }

  /// The thresholds at which the sigmoids of a row add up to its number of places, from `tails` of all
  /// labels.
  ///
  /// - Parameter places: float64 `[B]`.
  /// - Returns: `[3, B]`, float64: t, log Σ v as in `ScoreSums.sigmoids`, and 1. Where the sums do not
  ///   determine t: a guess or NaN, 0 and 0.
  package static func thresholds(
    ofTails tails: Tensor, above: Tensor, cutoffs: Tensor, places: Tensor, sharpness: Double
  ) -> Tensor {
    let results = Tensor.uninitialized([3, places.elementCount], dtype: .float64)
    guard pendingRefusal == nil else { return results }
    let code = withExtendedLifetime((tails, above, cutoffs, places)) {
      ct_tail_thresholds(
        tails.pointer, above.pointer, cutoffs.pointer, places.pointer, sharpness,
        results.pointer)
    }
    if code != 0 { refuse(TorchError.last(code)) }
    return results
  }

  private func add(
    _ kind: ct_score_kind, _ scalar: Double, _ thresholds: Tensor?, to results: Tensor,
    cellScores: Tensor?, hidesCells: Bool, above: Tensor?
  ) {
    guard pendingRefusal == nil else { return }
    let code = withBlocks { blocks in
      withExtendedLifetime((thresholds, results, cellScores, above)) {
        ct_score_sums(
          blocks, Int32(kind.rawValue), scalar, thresholds?.pointer, results.pointer,
          cellScores?.pointer, hidesCells ? 1 : 0, above?.pointer)
      }
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Multiplies ∂L/∂s into the gradients.
  ///
  /// - Parameters:
  ///   - gradient: ∂L/∂s at all other cells.
  ///   - atCells: float32 `[E]`: ∂L/∂s at the cells.
  ///   - upstream: a factor of the gradients of labels and bias.
  ///   - ofQueries: float32 `[B, D]`, to which the gradient is added.
  ///   - ofLabels: `[L, D]` of the labels' dtype, overwritten.
  ///   - ofBias: float32 `[L]`, overwritten.
  /// - Precondition: the gradient is not one of `lines`.
  package func write(
    _ gradient: ScoreGradient, atCells: Tensor, upstream: Double, ofQueries: Tensor?,
    ofLabels: Tensor?, ofBias: Tensor?
  ) {
    guard pendingRefusal == nil else { return }
    let (kind, scalar, thresholds, scale): (ct_score_kind, Double, Tensor?, Tensor?) =
      switch gradient {
      case .exponentials(let shift, let scale):
        (
          CT_SCORE_EXPONENTIALS, 0, shift.converted(to: .float32), scale.converted(to: .float32)
        )
      case .sigmoids(let scale): (CT_SCORE_SOFTPLUS, scale, nil, nil)
      case .hinges(let scale): (CT_SCORE_SQUARED_HINGE, scale, nil, nil)
      case .sigmoidDerivatives(let thresholds, let sharpness, let logSum, let scale):
        (
          CT_SCORE_SIGMOID_SUMS, sharpness, thresholds,
          (scale * (-logSum).exp()).converted(to: .float32)
        )
      case .lines: preconditionFailure("no kernel for a line of the score")
      }
    let code = withBlocks { blocks in
      withExtendedLifetime((thresholds, scale, atCells, ofQueries, ofLabels, ofBias)) {
        ct_score_gradients(
          blocks, Int32(kind.rawValue), scalar, thresholds?.pointer, scale?.pointer,
          atCells.pointer, upstream, ofQueries?.pointer, ofLabels?.pointer, ofBias?.pointer)
      }
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  private func withBlocks(_ body: (UnsafePointer<ct_score_blocks>) -> Int32) -> Int32 {
    withExtendedLifetime(self) {
      var blocks = ct_score_blocks(
        queries: queries.pointer, labels: labels.pointer, bias: bias?.pointer,
        offset: offset?.pointer, cell_rows: cells.rows.pointer,
        cell_positions: cells.positions.pointer,
        cell_offsets: cells.offsets.pointer, tile: Int64(tileWidth), block: Int64(blockWidth))
      return withUnsafePointer(to: &blocks, body)
    }
  }
}
