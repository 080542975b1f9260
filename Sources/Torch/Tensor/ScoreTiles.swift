internal import CTorch

/// The scores of all queries and labels, of which only sums over the labels and gradients ever
/// exist.
///
/// A tile of 64 × 64 scores is multiplied, used and forgotten while it is in the cache; threads
/// share the labels. Not recorded for gradients: for the two halves of a `CustomFunction`.
///
/// That softmax needs two numbers a row for it:
/// Milakov, Gimelshein. Online normalizer calculation for softmax. 2018.
/// <https://arxiv.org/abs/1805.02867>
public struct ScoreTiles: Sendable {
  /// What is added up over the labels of a query.
  public enum Sums: Sendable {
    /// `[2, B]`: a number m near the largest score, and Σ exp(s − m).
    case exponentials
    /// `[1, B]`: Σ log(1 + eˢ).
    case softplus
    /// `[1, B]`: Σ max(0, s + 1)².
    case squaredHinges
    /// `[5, B]`: how many scores are above −∞, the least and the largest of them, and the two
    /// numbers of `exponentials` for the scores times `sharpness`.
    case bounds(sharpness: Double)
    /// `[5, B]`: with z = `sharpness` (s + t), t of `thresholds` (`[B]`, float64), and
    /// v = σ(z) (1 − σ(z)): how many z are above 0, Σ σ(z) over the others, Σ σ(−z) over those
    /// above, Σ v, Σ v (1 − 2 σ(z)).
    case sigmoids(thresholds: Tensor, sharpness: Double)
  }

  /// What becomes of a score in the backward half.
  public enum Gradient: Sendable {
    /// `scale` exp(s − `shift`), both float32 `[B]`.
    case exponentials(shift: Tensor, scale: Tensor)
    /// `scale` σ(s).
    case sigmoids(scale: Double)
    /// `scale` max(0, s + 1).
    case hinges(scale: Double)
    /// `scale` v as in `Sums.sigmoids`; `scale` is float32 `[B]`, `thresholds` float64 `[B]`.
    case slopes(thresholds: Tensor, sharpness: Double, scale: Tensor)
  }

  /// Cells of the score matrix that are treated apart, grouped by tiles.
  public struct Cells: Sendable {
    /// `[E]`, int64: the row of each cell; they ascend within a tile.
    public var rows: Tensor
    /// `[E]`, int64: where it lies in the scores of its tile, counted in row-major order.
    public var positions: Tensor
    /// Int64, a number more than tiles: tile k owns the cells `offsets[k] ..< offsets[k + 1]`.
    public var offsets: Tensor

    /// Names the cells.
    public init(rows: Tensor, positions: Tensor, offsets: Tensor) {
      self.rows = rows
      self.positions = positions
      self.offsets = offsets
    }
  }

  /// Where sums and gradients come from.
  private let queries: Tensor
  private let labels: Tensor
  private let bias: Tensor?
  private let beside: Tensor?
  private let cells: Cells
  private let tileWidth: Int
  private let blockWidth: Int

  /// The largest width of a tile, and the best one.
  public static let widestTile = 64

  /// Whether there are kernels for scores of the dtype and on the device of `model`: float32 on
  /// processors with AVX-512, bfloat16 where they have instructions for that too.
  public static func suit(_ model: Tensor) -> Bool {
    withExtendedLifetime(model) { ct_score_kernels_suit(model.pointer) != 0 }
  }

  /// The scores `queries · labelsᵀ + bias + beside`.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`, contiguous.
  ///   - labels: `[L, D]`, contiguous, of the same dtype.
  ///   - bias: `[L]`, or nil.
  ///   - beside: `[B, L]`, float32, contiguous, or nil; `write` leaves ∂L/∂s in it.
  ///   - cells: the cells, for tiles of `tileWidth` labels.
  ///   - tileWidth: labels a tile, 1 to 64.
  ///   - blockWidth: labels that a thread takes at a time, a multiple of `tileWidth`.
  public init(
    queries: Tensor, labels: Tensor, bias: Tensor?, beside: Tensor? = nil, cells: Cells,
    tileWidth: Int, blockWidth: Int
  ) {
    self.queries = queries
    self.labels = labels
    self.bias = bias
    self.beside = beside
    self.cells = cells
    self.tileWidth = tileWidth
    self.blockWidth = blockWidth
  }

  /// The scores of some queries, without any cells.
  ///
  /// - Parameter rows: int64, the queries' numbers.
  public func selecting(rows: Tensor) -> ScoreTiles {
    let none = Tensor.zeros([0], dtype: .int64)
    let tileCount = (labels.size(along: 0) + tileWidth - 1) / tileWidth
    return ScoreTiles(
      queries: queries.gathered(rows: rows), labels: labels, bias: bias,
      beside: beside?.gathered(rows: rows),
      cells: Cells(
        rows: none, positions: none, offsets: .zeros([tileCount + 1], dtype: .int64)),
      tileWidth: tileWidth, blockWidth: blockWidth)
  }

  /// Adds sums over all labels to `results`.
  ///
  /// - Parameters:
  ///   - sums: which.
  ///   - results: float64, of the shape that `sums` names; what is in it counts as the sums of
  ///     labels seen before.
  ///   - found: float32 `[E]`, receives the scores of the cells.
  ///   - hidesCells: leaves the cells out of the sums.
  public func add(_ sums: Sums, to results: Tensor, found: Tensor? = nil, hidesCells: Bool = false)
  {
    guard pendingRefusal == nil else { return }
    let (kind, scalar, thresholds): (ct_score_kind, Double, Tensor?) =
      switch sums {
      case .exponentials: (CT_SCORE_EXPONENTIALS, 0, nil)
      case .softplus: (CT_SCORE_SOFTPLUS, 0, nil)
      case .squaredHinges: (CT_SCORE_SQUARED_HINGE, 0, nil)
      case .bounds(let sharpness): (CT_SCORE_BOUNDS, sharpness, nil)
      case .sigmoids(let thresholds, let sharpness):
        (CT_SCORE_SIGMOID_SUMS, sharpness, thresholds)
      }
    let code = withBlocks { blocks in
      withExtendedLifetime((thresholds, results, found)) {
        ct_score_sums(
          blocks, Int32(kind.rawValue), scalar, thresholds?.pointer, results.pointer,
          found?.pointer, hidesCells ? 1 : 0)
      }
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Multiplies ∂L/∂s into the gradients.
  ///
  /// - Parameters:
  ///   - gradient: ∂L/∂s where there is no cell.
  ///   - atCells: float32 `[E]`: ∂L/∂s at the cells.
  ///   - upstream: a factor of the gradients of labels and bias.
  ///   - ofQueries: float32 `[B, D]`, to which the gradient is added.
  ///   - ofLabels: `[L, D]` of the labels' dtype, overwritten.
  ///   - ofBias: float32 `[L]`, overwritten.
  public func write(
    _ gradient: Gradient, atCells: Tensor, upstream: Double, ofQueries: Tensor?,
    ofLabels: Tensor?, ofBias: Tensor?
  ) {
    guard pendingRefusal == nil else { return }
    let (kind, scalar, thresholds, scale): (ct_score_kind, Double, Tensor?, Tensor?) =
      switch gradient {
      case .exponentials(let shift, let scale): (CT_SCORE_EXPONENTIALS, 0, shift, scale)
      case .sigmoids(let scale): (CT_SCORE_SOFTPLUS, scale, nil, nil)
      case .hinges(let scale): (CT_SCORE_SQUARED_HINGE, scale, nil, nil)
      case .slopes(let thresholds, let sharpness, let scale):
        (CT_SCORE_SIGMOID_SUMS, sharpness, thresholds, scale)
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
        beside: beside?.pointer, cell_rows: cells.rows.pointer,
        cell_positions: cells.positions.pointer,
        cell_offsets: cells.offsets.pointer, tile: Int64(tileWidth), block: Int64(blockWidth))
      return withUnsafePointer(to: &blocks, body)
    }
  }
}
