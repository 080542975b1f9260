public import Torch

/// Label vectors that are trained with the Z-loss in a time that does not depend on their number.
///
/// The gradient of the Z-loss is, but for the positives, a number a query plus a number times each
/// score, so that a gradient step multiplies all label vectors by one matrix, adds one vector to
/// all and something of their own to the positives only. The three are kept apart, and the scores'
/// mean and variance follow from the label vectors' mean and scatter. With X the queries over the
/// temperature, s their slopes, o their offsets and C the positives' pulls (from `ZLoss`):
///
///     W = 1 mᵀ + V U + 1 ωᵀ        the label vectors; m is their mean, which no step moves
///     S = (W − 1 mᵀ)ᵀ (W − 1 mᵀ)   so that the variance of the scores of x is xᵀ S x / L
///     A = I − η Xᵀ diag(s) X
///     U ← U A,   ω ← A ω − η Xᵀ o,   V ← V + η Cᵀ X U⁻¹,   U⁻¹ ← A⁻¹ U⁻¹
///     S ← S − η (N X + Xᵀ Nᵀ) + η² Xᵀ G Gᵀ X
///
/// where G = ∂L/∂scores is never formed: N = (W − 1 mᵀ)ᵀ Gᵀ and G Gᵀ come from S and C. It is the
/// step W ← W − η ∂L/∂W, to rounding.
///
/// - Paper: Vincent, de Brébisson, Bouthillier. Efficient Exact Gradient Update for Training Deep
///   Networks with Very Large Sparse Targets. NIPS 2015, with the Z-loss of de Brébisson, Vincent.
///   <https://arxiv.org/abs/1412.7091>
/// - Gradient: `step` returns that of the queries, before the label vectors move; plain gradient
///   descent without momentum is the only update of the label vectors that there is.
/// - Units: those of `ZLoss`.
/// - Departures: the paper keeps the sum and the plain second moments of the outputs, here both are
///   about the mean, which loses no digits where the mean is large. The paper mends single singular
///   values of U at intervals; here U⁻¹ is made anew at intervals, and U is multiplied into V, once,
///   when its condition passes a limit. Not compared with the authors' code, which is for Theano.
/// - Degenerate: as `ZLoss`. There is no bias of the labels.
public final class SphericalOutputLayer {
  /// What is minimised; its block size is not used.
  public let loss: ZLoss
  /// The number of labels L.
  public let labelCount: Int
  /// How often the label vectors have been written out as a whole.
  public private(set) var foldCount = 0

  private let conditionLimit: Double
  private var vectors: Tensor  // [L, D], V
  private(set) var mixing: Tensor  // [D, D], U
  var inverse: Tensor  // [D, D], U⁻¹
  private var shift: Tensor  // [D], ω
  private var mean: Tensor  // [D], m
  private var scatter: Tensor  // [D, D], S
  private var stepsSinceInversion = 0

  /// Rounding adds up by about 10⁻¹⁶ a step.
  static let inversionInterval = 256

  /// Takes label vectors over.
  ///
  /// - Parameters:
  ///   - weights: `[L, D]`, float32 or float64; what is small beside it is float64.
  ///   - conditionLimit: the condition number of U at which it is multiplied into V; 10⁶, ours: V
  ///     is as much less exact than its dtype.
  /// - Precondition: `loss` has τ and a > 0.
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

  /// Takes one step of gradient descent on the label vectors.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - positives: B rows of columns below L; values are grades as in `ZLoss`.
  ///   - learningRate: η.
  /// - Returns: the loss, and ∂L/∂queries `[B, D]` as it was before the step, in the queries' dtype.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit.
  /// - Complexity: O(B · D² + B² · D + B · P · (B + D)) time with P the number of distinct positives
  ///   of the batch, whatever L; O(L · D²) when the condition of U passes its limit.
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
        let slopes = ScoreSlopes(loss, x, mean, scatter, positives, labelCount) { rows in
          let known = vectors.gathered(rows: rows).converted(to: .float64)
          return (known, (x.matmul(mixing.transposed()), x.matmul(shift)))
        }
        let pulled = slopes.pulls.matmul(slopes.known)  // [B, D]
        let centred =
          pulled.matmul(mixing) + slopes.pullSums.expandingDimension(at: 1) * shift
        let rowSlopes = slopes.slopes.expandingDimension(at: 1)
        let moved = x.matmul(scatter) * rowSlopes  // [B, D]
        let gradient = moved - centred  // Nᵀ
        advance(x, slopes, gradient: gradient, moved: moved, centred: centred, learningRate)
        return (
          slopes.value, (gradient * (1 / loss.temperature)).converted(to: queries.dtype)
        )
      }
    }
  }

  private func advance(
    _ x: Tensor, _ slopes: ScoreSlopes, gradient: Tensor, moved: Tensor, centred: Tensor,
    _ rate: Double
  ) {
    let offsets = slopes.offsets.expandingDimension(at: 1)
    let sums = slopes.pullSums.expandingDimension(at: 1)
    let rowSlopes = slopes.slopes.expandingDimension(at: 1)
    // G Gᵀ, where the rows of G and of W − 1 mᵀ sum to 0.
    let crossed = offsets.matmul(sums.transposed())
    let leaning = rowSlopes * x.matmul(centred.transposed())
    let squares =
      offsets.matmul(offsets.transposed()) * Double(labelCount)
      + moved.matmul((x * rowSlopes).transposed())
      + slopes.pulls.matmul(slopes.pulls.transposed())
      - crossed - crossed.transposed() - leaning - leaning.transposed()
    let turned = gradient.transposed().matmul(x)
    scatter =
      scatter - (turned + turned.transposed()) * rate
      + x.transposed().matmul(squares.matmul(x)) * (rate * rate)

    let scaled = x * (rowSlopes * rate)
    let factor =
      Tensor.identity(mean.elementCount, dtype: .float64, device: x.device)
      - x.transposed().matmul(scaled)
    mixing = mixing.matmul(factor)
    shift = factor.matmul(shift) - x.transposed().matmul(slopes.offsets) * rate
    updateInverse(x, scaled, factor)
    let condition = mixing.norm().scalar * inverse.norm().scalar
    let isFit = condition < conditionLimit * Double(mean.elementCount)
    if !isFit { fold() }
    let added = slopes.pulls.transposed().matmul(x.matmul(inverse)) * rate
    vectors.addRowsInPlace(added.converted(to: vectors.dtype), at: slopes.labels)
    if !isFit { recentre() }
  }

  /// U⁻¹ ← A⁻¹ U⁻¹ by the smaller of two systems (Woodbury), or from U itself at intervals.
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

  /// Makes the mean and the scatter anew from the label vectors.
  private func recentre() {
    (vectors, mean, scatter) = Self.moments(weights())
    shift = .zeros(like: shift)
  }

  /// Label vectors without their mean, the mean and the scatter.
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
      let centred = $0 - mean
      scatter.addInPlace(centred.transposed().matmul(centred))
    }
    return (weights - mean.converted(to: weights.dtype), mean, scatter)
  }

  private enum Ops {
    static let solve = Op("aten::linalg_solve_ex")

    /// X with `matrix` X = `right`; not finite where there is none.
    static func solution(_ matrix: Tensor, _ right: Tensor) -> Tensor {
      solve(.tensor(matrix), .tensor(right))
    }
  }
}

/// ∂L/∂s of a batch in its parts: an offset and a slope a query, and the positives' pulls.
private struct ScoreSlopes {
  let value: Double
  let offsets: Tensor  // [B]
  let slopes: Tensor  // [B]
  /// `[P]`: the labels that are positives of any query.
  let labels: Tensor
  /// `[P, D]`: their rows of V.
  let known: Tensor
  /// `[B, P]`: what is taken off the scores' gradient.
  let pulls: Tensor
  let pullSums: Tensor  // [B]

  init(
    _ loss: ZLoss, _ x: Tensor, _ mean: Tensor, _ scatter: Tensor, _ positives: CSRMatrix,
    _ labelCount: Int, look: (Tensor) -> (known: Tensor, queries: (mixed: Tensor, shifts: Tensor))
  ) {
    let cells = PositiveCells(positives, blockSize: max(1, labelCount), device: x.device)
    let columns = cells.columns.array(of: Int64.self)
    let distinct = Set(columns).sorted()
    let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
    let positions = zip(cells.rows.array(of: Int64.self), columns).map { row, column in
      Int(row) * distinct.count + (places[column] ?? 0)
    }
    let at = Tensor(positions).moved(to: x.device)
    labels = Tensor(distinct).moved(to: x.device)
    let (known, queries) = look(labels)
    self.known = known

    let rows = cells.rows
    let count = Double(labelCount)
    let variance = ((x.matmul(scatter) * x).sum(along: 1) * (1 / count)).clamped(from: 0, to: nil)
    let isFlat = RunningMoments.isFlat(variance, mean: x.matmul(mean), rounding: 1e-14)
    let deviation = variance.replacing(where: isFlat, with: 1).squareRoot()
    let centred = queries.mixed.matmul(known.transposed())
    let heights =
      ((centred.elements(at: at) + queries.shifts.gathered(rows: rows))
      / deviation.gathered(rows: rows)).replacing(where: isFlat.gathered(rows: rows), with: 0)
    let terms = ((heights - loss.target) * loss.sharpness).logSigmoid() * cells.weights
    value = -terms.sum().scalar / loss.sharpness
    let share = (1 / deviation).replacing(where: isFlat, with: 0)
    let tension = ((loss.target - heights) * loss.sharpness).sigmoid() * cells.weights
    let own = tension * share.gathered(rows: rows)
    offsets = cells.sumsByRow(own) * (1 / count)
    slopes = cells.sumsByRow(tension * heights) * share.squared() * (1 / count)
    let pulls = Tensor.zeros(
      [x.size(along: 0), distinct.count], dtype: .float64, device: x.device)
    pulls.setElementsInPlace(at: at, to: own)
    self.pulls = pulls
    pullSums = cells.sumsByRow(own)
  }
}
