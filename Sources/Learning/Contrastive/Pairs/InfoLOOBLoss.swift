import Kernels
public import Torch

/// The symmetric cross-entropy of matching pairs with the positive left out of the denominator.
///
/// Unlike InfoNCE it does not saturate when the positives are far ahead. With xᵢ and yᵢ the rows of
/// the two sides, each scaled to unit length, and sᵢⱼ = xᵢ · yⱼ / τ:
///
///     L = (1 / N) Σᵢ (log Σ_{j ≠ i} exp sᵢⱼ − sᵢᵢ) + (1 / N) Σᵢ (log Σ_{j ≠ i} exp sⱼᵢ − sᵢᵢ)
///
/// - Inputs: matching pairs
/// - Paper: Fürst, Rumetshofer, Lehner, Tran, Tang, Ramsauer, Kreil, Kopp, Klambauer, Bitto-Nemling,
///   Hochreiter. CLOOB: Modern Hopfield Networks with InfoLOOB Outperform CLIP. NeurIPS 2022; the
///   bound is of Poole and others, On Variational Bounds of Mutual Information, ICML 2019.
///   <https://arxiv.org/abs/2110.11316>
/// - Gradient: reaches both sides.
/// - Units: nats, the sum of two means over pairs. It may be negative. If all rows are equal, it is
///   2 log(N − 1).
/// - Departures: none from the formula. The authors' code multiplies it by τ.
/// - Degenerate: a single pair has no negatives, so loss and gradient are 0.
public struct InfoLOOBLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 1/30, as the authors train.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 1 / 30.0) { self.temperature = temperature }

  /// The loss of pairs.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i matches row i of `first`.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Tensor {
    checkViews([first, second])
    checkTemperature(temperature)
    guard first.size(along: 0) > 1 else {
      return try checked { (first + second).nothingToCompare }
    }
    let (x, y) = try checked { (first.normalized(), second.normalized()) }
    return try checked {
      try leaveOneOut(anchors: x, candidates: y, temperature: temperature)
        + leaveOneOut(anchors: y, candidates: x, temperature: temperature)
    }
  }
}
