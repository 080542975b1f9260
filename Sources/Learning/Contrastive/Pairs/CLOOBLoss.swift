import Kernels
public import Torch

/// Contrasts two kinds of embeddings after replacing each by a Hopfield retrieval.
///
/// Both sides of a pair query the same memory, once that of the first kind and once that of the
/// second, so that only features that co-occur in the batch are compared. With xᵢ and yᵢ the rows
/// of a pair, scaled to unit length, and [r]ₓ the retrieval for r of a modern Hopfield network with
/// stored patterns x:
///
///     ℓ(a, b) = (1 / N) Σᵢ (log Σ_{j ≠ i} exp(aᵢ · bⱼ / τ) − aᵢ · bᵢ / τ)
///     L       = τ ( ℓ([x]ₓ, [y]ₓ) + ℓ([y]ᵧ, [x]ᵧ) )
///
/// - Inputs: matching pairs
/// - Paper: Fürst, Rumetshofer, Lehner, Tran, Tang, Ramsauer, Kreil, Kopp, Klambauer, Bitto-Nemling,
///   Hochreiter. CLOOB: Modern Hopfield Networks with InfoLOOB Outperform CLIP. NeurIPS 2022.
///   <https://arxiv.org/abs/2110.11316>
/// - Gradient: reaches both sides, through states and stored patterns.
/// - Units: nats times τ, which keeps the gradient's scale roughly constant. It may be negative. If
///   all rows are equal, it is 2 τ log(N − 1).
/// - Departures: the factor τ and the choice of anchors and candidates follow the authors' code.
/// - Degenerate: a single pair has no negatives, so loss and gradient are 0.
public struct CLOOBLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 1/30, as the authors train.
  public var temperature: Double
  /// The retrieval sharpness β ≥ 0; default 8, as the authors train.
  public var sharpness: Double

  /// Creates the loss.
  public init(temperature: Double = 1 / 30.0, sharpness: Double = 8) {
    self.temperature = temperature
    self.sharpness = sharpness
  }

  /// The loss of pairs.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i matches row i of `first`.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0, β ≥ 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory: scores are computed one block at a
  ///   time.
  public func callAsFunction(first: Tensor, second: Tensor) throws -> Tensor {
    checkViews([first, second])
    checkTemperature(temperature)
    precondition(sharpness >= 0, "a sharpness of \(sharpness)")
    guard first.size(along: 0) > 1 else {
      return try checked { (first + second).nothingToCompare }
    }
    return try checked {
      let (x, y) = (first.normalized(), second.normalized())
      func retrieved(_ states: Tensor, from stored: Tensor) throws -> Tensor {
        try hopfieldUpdate(of: states, stored: stored, sharpness: sharpness)
      }
      let ofFirst = try leaveOneOut(
        anchors: retrieved(x, from: x), candidates: retrieved(y, from: x),
        temperature: temperature)
      let ofSecond = try leaveOneOut(
        anchors: retrieved(y, from: y), candidates: retrieved(x, from: y),
        temperature: temperature)
      return (ofFirst + ofSecond) * temperature
    }
  }
}
