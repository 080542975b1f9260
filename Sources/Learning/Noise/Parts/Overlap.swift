import Torch

/// Probabilities of classes and the given classes, to compare as sets.
struct Overlap {
  /// (1 − p)^a p, `[N, C]`.
  let weighted: Tensor
  /// 1 at the given classes, `[N, C]`.
  let given: Tensor

  /// - Parameter exponent: a ≥ 0; examples that are easy for the model count less.
  init(_ scores: ClassScores, exponent: Double) {
    let probabilities = scores.logProbabilities.exp()
    // For a < 1 the slope of the power is infinite at 0.
    let missing = (1 - probabilities).clamped(from: 1e-12)
    weighted = exponent == 0 ? probabilities : missing.power(exponent) * probabilities
    given = scores.oneHot
  }

  /// Sums over the batch `[1, C]`, or the terms themselves `[N, C]`.
  static func pooled(_ terms: Tensor, _ pools: Bool) -> Tensor {
    pools ? terms.sum(along: 0, keepingDimensions: true) : terms
  }
}

/// Traps unless the settings of an overlap are in range.
func checkOverlap(exponent: Double, smoothing: Double) {
  precondition(exponent >= 0 && exponent.isFinite, "the exponent \(exponent) is negative")
  precondition(smoothing > 0, "the smoothing \(smoothing) is not positive")
}
