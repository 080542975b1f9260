internal import CTorch

/// log Σ exp of the rows of a matrix that is processed one block of columns at a time.
///
/// Keeps two numbers per row: the largest score m so far and Σ exp(s − m), which is rescaled when m
/// rises. Scores of −∞ add nothing; a row with only such scores has the result −∞. A single score
/// of +∞ makes the result +∞, and a NaN makes it NaN.
///
/// Milakov, Gimelshein. Online normalizer calculation for softmax. 2018.
/// <https://arxiv.org/abs/1805.02867>
public final class RunningLogSumExp {
  /// `[N]`, float64 for scores of that and float32 for others: the largest score of each row; −∞ before the first.
  public private(set) var maximum: Tensor
  /// `[N]`, float64: Σ exp(score − maximum) of each row.
  public private(set) var sum: Tensor

  /// Creates an empty sum for `count` rows of scores of `dtype` on `device`.
  public init(count: Int, dtype: DType, device: Device) {
    maximum = .full([count], -Double.infinity, dtype: dtype.accumulator, device: device)
    sum = .zeros([count], dtype: .float64, device: device)
  }

  /// Adds a block of columns.
  ///
  /// - Parameter scores: `[N, M]` with rows of unit stride, of the dtype given at initialisation.
  public func add(_ scores: Tensor) {
    if let fused = FusedScores(scores) { return fused.addLogSumExp(to: maximum, sum) }
    guard scores.hasKernels else {
      let scores = scores.converted(to: maximum.dtype)
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

  /// `[N]`, float64: the result for the columns added so far.
  public var value: Tensor { maximum + sum.log() }

  /// `[N]`: `maximum`, with infinite values replaced by 0, so that differences to it are not NaN.
  public var shift: Tensor { Self.finite(maximum) }

  private static func finite(_ peak: Tensor) -> Tensor {
    peak.replacing(where: peak.isFinite().logicalNot(), with: 0)
  }
}
