public import Torch

/// Contrast of two kinds of embeddings after each has been replaced by what it retrieves.
///
/// Both sides of a pair ask the same memory, once that of the first kind and once that of the
/// second, so that only what co-occurs in the batch is compared. With xᵢ and yᵢ the rows of a pair,
/// scaled to unit length, [r]ₓ what a modern Hopfield network with the patterns x retrieves for r:
///
///     ℓ(a, b) = (1 / N) Σᵢ (log Σ_{j ≠ i} exp(aᵢ · bⱼ / τ) − aᵢ · bᵢ / τ)
///     L       = τ ( ℓ([x]ₓ, [y]ₓ) + ℓ([y]ᵧ, [x]ᵧ) )
///
/// - Paper: Fürst, Rumetshofer, Lehner, Tran, Tang, Ramsauer, Kreil, Kopp, Klambauer, Bitto-Nemling,
///   Hochreiter. CLOOB: Modern Hopfield Networks with InfoLOOB Outperform CLIP. NeurIPS 2022.
///   <https://arxiv.org/abs/2110.11316>
/// - Gradient: reaches both sides, through states and stored patterns.
/// - Units: nats times τ, which keeps the gradient of about one size. It may be negative. Where all
///   rows are equal it is 2 τ log(N − 1).
/// - Departures: τ before the sum is that of the authors' code, and so are anchors and candidates.
/// - Degenerate: a single pair has no negatives, loss 0 and gradient 0.
public struct CLOOBLoss: Codable, Hashable, Sendable {
  /// What cosines are divided by, τ > 0; 1/30, the default, is what the authors train with.
  public var temperature: Double
  /// How sharp the retrieval is, β ≥ 0; 8, the default, is what the authors train with.
  public var sharpness: Double

  /// Makes the loss.
  public init(temperature: Double = 1 / 30.0, sharpness: Double = 8) {
    self.temperature = temperature
    self.sharpness = sharpness
  }

  /// The loss of pairs.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i belongs to row i of `first`.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes, N > 0, τ > 0, β ≥ 0.
  /// - Complexity: O(N² · D) time, O(N · (D + 1000)) memory: scores are made a block at a time.
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
