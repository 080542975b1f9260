import Kernels
public import Storage
public import Torch

/// Label vectors trained with the Z-loss in time independent of the number of labels.
///
/// Apart from the positives, the Z-loss gradient for a query is a constant plus a constant times
/// each score. A gradient step therefore multiplies all label vectors by one matrix, adds one
/// vector to all of them, and changes only the positives individually. The layer stores these three
/// parts separately and derives the scores' mean and variance from the label vectors' mean and
/// scatter. With X the queries divided by the temperature, s their scales, o their offsets and C
/// the positives' pulls (from `ZLoss`):
///
///     W = 1 mᵀ + V U + 1 ωᵀ        the label vectors; m is their mean, which no step changes
///     S = (W − 1 mᵀ)ᵀ (W − 1 mᵀ)   the variance of the scores of x is xᵀ S x / L
///     A = I − η Xᵀ diag(s) X
///     U ← U A,   ω ← A ω − η Xᵀ o,   V ← V + η Cᵀ X U⁻¹,   U⁻¹ ← A⁻¹ U⁻¹
///     S ← S − η (N X + Xᵀ Nᵀ) + η² Xᵀ G Gᵀ X
///
/// where G = ∂L/∂scores is never materialised: N = (W − 1 mᵀ)ᵀ Gᵀ and G Gᵀ follow from S and C. Up
/// to rounding this is the step W ← W − η ∂L/∂W.
///
/// - Paper: Vincent, de Brébisson, Bouthillier. Efficient Exact Gradient Update for Training Deep
///   Networks with Very Large Sparse Targets. NIPS 2015, with the Z-loss of de Brébisson, Vincent.
///   <https://arxiv.org/abs/1412.7091>
/// - Gradient: `step` returns that of the queries, before the label vectors are updated. Label
///   vectors are updated by plain gradient descent without momentum only.
/// - Units: those of `ZLoss`.
/// - Departures: the paper stores the sum and the raw second moments of the outputs; here both are
///   central, which keeps precision when the mean is large. The paper repairs single singular
///   values of U at intervals; here U⁻¹ is recomputed at intervals, and U is multiplied into V when
///   its condition number passes a limit. Not compared with the authors' code, which is for Theano.
/// - Degenerate: as `ZLoss`. Labels have no bias.
public final class SphericalOutputLayer {
  /// The training loss; its block size is not used.
  public let loss: ZLoss
  /// The number of labels L.
  public let labelCount: Int
  /// How often U has been multiplied into all label vectors.
  public private(set) var foldCount = 0

  private let conditionLimit: Double
  private var vectors: Tensor  // [L, D], V
  private(set) var mixing: Tensor  // [D, D], U
  var inverse: Tensor  // [D, D], U⁻¹
  private var shift: Tensor  // [D], ω
  private var mean: Tensor  // [D], m
  private var scatter: Tensor  // [D, D], S
  private var stepsSinceInversion = 0

  /// Rounding errors grow by about 10⁻¹⁶ per step.
  static let inversionInterval = 256

  /// Creates a layer from label vectors.
  ///
  /// - Parameters:
  ///   - weights: `[L, D]`, float32 or float64; the small matrices are float64.
  ///   - conditionLimit: the condition number of U at which it is multiplied into V; default 10⁶,
  ///     ours: V loses that factor of its dtype's precision.
  ///     is as much less exact than its dtype.
  /// - Precondition: τ and a of `loss` are positive.
  /// - Complexity: O(L · D²).
  public init(_ loss: ZLoss, weights: Tensor, conditionLimit: Double = 1e6) {
    precondition(
      weights.dimensionCount == 2 && weights.dtype.isFloatingPoint && weights.size(along: 0) > 0,
      "label vectors of shape \(weights.shape) and \(weights.dtype) are not [L, D]")
    precondition(
      loss.temperature > 0 && loss.temperature.isFinite && loss.sharpness > 0,
      "the temperature \(loss.temperature) or the sharpness \(loss.sharpness) is not positive")
    self.loss = loss
    self.conditionLimit = conditionLimit
    labelCount = weights.size(along: 0)
    (vectors, mean, scatter) = withoutGradients { Self.moments(weights.detached()) }
    let width = weights.size(along: 1)
    mixing = .identity(width, dtype: .float64, device: weights.device)
    inverse = mixing.copied()
    shift = .zeros([width], dtype: .float64, device: weights.device)
  }

  /// The label vectors, `[L, D]`.
  ///
  /// - Complexity: O(L · D²).
  public func weights() -> Tensor {
    withoutGradients {
      vectors.matmul(mixing.converted(to: vectors.dtype))
        + (shift + mean).converted(to: vectors.dtype)
    }
  }

  /// Performs one step of gradient descent on the label vectors.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - positives: B rows of columns below L; values are grades as in `ZLoss`.
  ///   - learningRate: η.
  /// - Returns: the loss, and ∂L/∂queries `[B, D]` before the step, in the queries' dtype.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match.
  /// - Complexity: O(B · D² + B² · D + B · P · (B + D)) time with P the number of distinct
  ///   positives in the batch, independent of L; O(L · D²) when the condition number of U passes
  ///   its limit.
  public func step(queries: Tensor, positives: CSRMatrix, learningRate: Double) throws -> (
    loss: Double, gradient: Tensor
  ) {
    precondition(
      queries.dimensionCount == 2 && queries.size(along: 1) == mean.elementCount
        && positives.rowCount == queries.size(along: 0) && positives.columnCount == labelCount,
      "queries of shape \(queries.shape) with positives of \(positives.rowCount) rows and "
        + "\(positives.columnCount) columns for \(labelCount) labels of \(mean.elementCount)")
    return try checked {
      withoutGradients {
        let x = queries.detached().converted(to: .float64) * (1 / loss.temperature)
        let parts = BatchGradient(loss, x, mean, scatter, positives, labelCount) { rows in
          let known = vectors.gathered(rows: rows).converted(to: .float64)
          return (known, (x.matmul(mixing.transposed()), x.matmul(shift)))
        }
        let pulled = parts.pulls.matmul(parts.known)  // [B, D]
        let centered =
          pulled.matmul(mixing) + parts.pullSums.expandingDimension(at: 1) * shift
        let scales = parts.scales.expandingDimension(at: 1)
        let moved = x.matmul(scatter) * scales  // [B, D]
        let gradient = moved - centered  // Nᵀ
        advance(x, parts, gradient: gradient, moved: moved, centered: centered, learningRate)
        return (
          parts.value, (gradient * (1 / loss.temperature)).converted(to: queries.dtype)
        )
      }
    }
  }

  private func advance(
    _ x: Tensor, _ parts: BatchGradient, gradient: Tensor, moved: Tensor, centered: Tensor,
    _ rate: Double
  ) {
    let offsets = parts.offsets.expandingDimension(at: 1)
    let sums = parts.pullSums.expandingDimension(at: 1)
    let scales = parts.scales.expandingDimension(at: 1)
    // G Gᵀ, given that the rows of G and of W − 1 mᵀ sum to 0.
    let crossed = offsets.matmul(sums.transposed())
    let leaning = scales * x.matmul(centered.transposed())
    let squares =
      offsets.matmul(offsets.transposed()) * Double(labelCount)
      + moved.matmul((x * scales).transposed())
      + parts.pulls.matmul(parts.pulls.transposed())
      - crossed - crossed.transposed() - leaning - leaning.transposed()
    let turned = gradient.transposed().matmul(x)
    scatter =
      scatter - (turned + turned.transposed()) * rate
      + x.transposed().matmul(squares.matmul(x)) * (rate * rate)

    let scaled = x * (scales * rate)
    let factor =
      Tensor.identity(mean.elementCount, dtype: .float64, device: x.device)
      - x.transposed().matmul(scaled)
    mixing = mixing.matmul(factor)
    shift = factor.matmul(shift) - x.transposed().matmul(parts.offsets) * rate
    updateInverse(x, scaled, factor)
    let condition = mixing.norm().scalar * inverse.norm().scalar
    let isFit = condition < conditionLimit * Double(mean.elementCount)
    if !isFit { fold() }
    let added = parts.pulls.transposed().matmul(x.matmul(inverse)) * rate
    vectors.addRowsInPlace(added.converted(to: vectors.dtype), at: parts.labels)
    if !isFit { recentre() }
  }

  /// U⁻¹ ← A⁻¹ U⁻¹ by the smaller of two systems (Woodbury), or by inverting U at intervals.
  private func updateInverse(_ x: Tensor, _ scaled: Tensor, _ factor: Tensor) {
    stepsSinceInversion += 1
    let width = mean.elementCount
    let count = x.size(along: 0)
    if stepsSinceInversion >= Self.inversionInterval {
      stepsSinceInversion = 0
      inverse = Ops.solution(mixing, .identity(width, dtype: .float64, device: x.device))
    } else if count < width {
      let small =
        Tensor.identity(count, dtype: .float64, device: x.device)
        - scaled.matmul(x.transposed())
      inverse =
        inverse + x.transposed().matmul(Ops.solution(small, scaled.matmul(inverse)))
    } else {
      inverse = Ops.solution(factor, inverse)
    }
  }

  /// Multiplies U into V.
  private func fold() {
    vectors = vectors.matmul(mixing.converted(to: vectors.dtype))
    mixing = .identity(mean.elementCount, dtype: .float64, device: mixing.device)
    inverse = mixing.copied()
    stepsSinceInversion = 0
    foldCount += 1
  }

  /// Recomputes the mean and the scatter from the label vectors.
  private func recentre() {
    (vectors, mean, scatter) = Self.moments(weights())
    shift = .zeros(like: shift)
  }

  /// The centered label vectors, their mean and their scatter.
  private static func moments(_ weights: Tensor) -> (Tensor, Tensor, Tensor) {
    let rows = weights.size(along: 0)
    let width = weights.size(along: 1)
    func blocks(_ body: (Tensor) -> Void) {
      for start in stride(from: 0, to: rows, by: 4096) {
        body(weights[start..<min(start + 4096, rows)].converted(to: .float64))
      }
    }
    let mean = Tensor.zeros([width], dtype: .float64, device: weights.device)
    blocks { mean.addInPlace($0.sum(along: 0), factor: 1 / Double(rows)) }
    let scatter = Tensor.zeros([width, width], dtype: .float64, device: weights.device)
    blocks {
      let centered = $0 - mean
      scatter.addInPlace(centered.transposed().matmul(centered))
    }
    return (weights - mean.converted(to: weights.dtype), mean, scatter)
  }

  private enum Ops {
    static let solve = Op("aten::linalg_solve_ex")

    /// Solves `matrix` X = `right`; not finite if the matrix is singular.
    static func solution(_ matrix: Tensor, _ right: Tensor) -> Tensor {
      solve(.tensor(matrix), .tensor(right))
    }
  }
}

/// The parts of ∂L/∂s for a batch: one scale and one offset per query, and the positives' pulls.
private struct BatchGradient {
  let value: Double
  let scales: Tensor  // [B]
  let offsets: Tensor  // [B]
  /// `[P]`: the labels that are positive for any query.
  let labels: Tensor
  /// `[P, D]`: their rows of V.
  let known: Tensor
  /// `[B, P]`: subtracted from the scores' gradient.
  let pulls: Tensor
  let pullSums: Tensor  // [B]

  init(
    _ loss: ZLoss, _ x: Tensor, _ mean: Tensor, _ scatter: Tensor, _ positives: CSRMatrix,
    _ labelCount: Int, look: (Tensor) -> (known: Tensor, queries: (mixed: Tensor, shifts: Tensor))
  ) {
    let cells = PositiveCells(positives, blockSize: max(1, labelCount), device: x.device)
    let columns = cells.columns.array(of: Int64.self)
    let distinct = Set(columns).sorted()
    let indices = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
    let positions = zip(cells.rows.array(of: Int64.self), columns).map { row, column in
      Int(row) * distinct.count + (indices[column] ?? 0)
    }
    let at = Tensor(positions).moved(to: x.device)
    labels = Tensor(distinct).moved(to: x.device)
    let (known, queries) = look(labels)
    self.known = known

    let variance = ((x.matmul(scatter) * x).sum(along: 1) * (1 / Double(labelCount)))
      .clamped(from: 0, to: nil)
    let products = queries.mixed.matmul(known.transposed())
    let terms = ZTerms(
      loss, centered: products.elements(at: at) + queries.shifts.gathered(rows: cells.rows),
      RowMoments(mean: x.matmul(mean), variance: variance), cells, labelCount: labelCount)
    value = terms.value.scalar
    (scales, offsets) = (terms.scale, terms.offset)
    let pulls = Tensor.zeros(
      [x.size(along: 0), distinct.count], dtype: .float64, device: x.device)
    pulls.setElementsInPlace(at: at, to: terms.pulls)
    self.pulls = pulls
    pullSums = cells.sumsByRow(terms.pulls)
  }
}
