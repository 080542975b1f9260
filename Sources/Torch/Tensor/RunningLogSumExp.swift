internal import CTorch

/// log Σ exp of the rows of a matrix that is seen a block of columns at a time.
///
/// Keeps two numbers a row: the largest score m so far and Σ exp(s − m), which is rescaled when m
/// rises. Scores of −∞ count for nothing; a row that has seen nothing else has −∞ as its result. One
/// score of +∞ makes it +∞, one that is not a number NaN.
///
/// Milakov, Gimelshein. Online normalizer calculation for softmax. 2018.
/// <https://arxiv.org/abs/1805.02867>
public final class RunningLogSumExp {
  /// `[N]`, of the scores' dtype: the largest score of each row; −∞ before the first.
  ///
  /// After
  /// `add(_:found:hidesCells:)` it is float32, and a score that may be up to 60 below the largest.
  public private(set) var maximum: Tensor
  /// `[N]`, float64: Σ exp(score − maximum) of each row.
  public private(set) var sum: Tensor

  /// Starts with no columns for `count` rows of scores of `dtype` on `device`.
  public init(count: Int, dtype: DType, device: Device) {
    maximum = .full([count], -Double.infinity, dtype: dtype, device: device)
    sum = .zeros([count], dtype: .float64, device: device)
  }

  /// Takes in a block of columns.
  ///
  /// - Parameter scores: `[N, M]` with rows of unit stride, of the dtype given at the start.
  public func add(_ scores: Tensor) {
    guard scores.hasKernels else {
      let peak = maximum.maximum(scores.maximum(along: 1))
      let shift = Self.finite(peak)
      let block = (scores - shift.expandingDimension(at: 1)).exp().sum(along: 1)
      sum = sum * (maximum - shift).exp() + block
      maximum = peak
      return
    }
    let code = withExtendedLifetime((scores, maximum, sum)) {
      ct_online_log_sum_exp(scores.pointer, maximum.pointer, sum.pointer)
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Takes in the scores of all labels at once.
  ///
  /// Here a score of +∞ makes its row NaN.
  ///
  /// - Parameters:
  ///   - tiles: scores of N queries.
  ///   - found: float32 `[E]`, receives the scores of the cells.
  ///   - hidesCells: leaves the cells out.
  public func add(_ tiles: ScoreTiles, found: Tensor?, hidesCells: Bool) {
    let both = Tensor.stacked([maximum.converted(to: .float64), sum], along: 0)
    tiles.add(.exponentials, to: both, found: found, hidesCells: hidesCells)
    maximum = both[0].converted(to: .float32)
    sum = both[1].copied()
  }

  /// `[N]`, float64: the result for the columns so far.
  public var value: Tensor { maximum + sum.log() }

  /// `[N]`: `maximum`, with 0 where it is infinite, so that differences to it are not NaN.
  public var shift: Tensor { Self.finite(maximum) }

  private static func finite(_ peak: Tensor) -> Tensor {
    peak.replacing(where: peak.isFinite().logicalNot(), with: 0)
  }
}
