public import Torch

/// The cross-entropy of matching pairs in both directions: each query against all references of the
/// batch, and each reference against all queries.
///
/// Reference i is the only positive of query i; all others are its negatives. With ε the label
/// smoothing and sᵢⱼ the score of query i and reference j:
///
///     sᵢⱼ    = ⟨xᵢ, yⱼ⟩ / τ
///     CE(s)  = (1 / B) Σᵢ (log Σⱼ exp sᵢⱼ − (1 − ε) sᵢᵢ − (ε / B) Σⱼ sᵢⱼ)
///     L      = (CE(s) + CE(sᵀ)) / 2
///
/// - Inputs: matching pairs
/// - Paper: Deuser, Habel, Oswald. Sample4Geo: Hard Negative Sampling For Cross-View
///   Geo-Localisation. WACV 2024. <https://arxiv.org/abs/2303.11851>
/// - Gradient: reaches queries and references. ∂L/∂s is half the sum of the two softmaxes, each
///   minus its smoothed target, over B.
/// - Units: nats, averaged over pairs and directions. If all scores are equal, it is log B.
/// - Departures: none from the authors' code, which normalises its inputs and learns 1 / τ: pass
///   unit vectors, or your own score matrix.
/// - Degenerate: a single pair has loss 0. Two equal references are each other's negatives.
public struct SymmetricInfoNCELoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides inner products; the authors' code starts at 0.07.
  public var temperature: Double
  /// The share ε of the target that is spread uniformly; the authors train with 0.1.
  public var smoothing: Double

  /// Creates the loss.
  public init(temperature: Double = 0.07, smoothing: Double = 0.1) {
    self.temperature = temperature
    self.smoothing = smoothing
  }

  /// The loss of matching pairs.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - references: `[B, D]`; row i matches query i.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, τ > 0, ε in 0...1.
  /// - Complexity: O(B² · D) time, O(B²) memory.
  public func callAsFunction(queries: Tensor, references: Tensor) throws -> Tensor {
    precondition(
      queries.shape == references.shape && queries.dimensionCount == 2,
      "queries of shape \(queries.shape) and references of shape \(references.shape)")
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    return try self(scores: (queries * (1 / temperature)).matmul(references.transposed()))
  }

  /// The loss of a score matrix, to which τ is not applied.
  ///
  /// - Parameter scores: `[B, B]`; matching pairs are on the diagonal.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the matrix is square and not empty, ε in 0...1.
  public func callAsFunction(scores: Tensor) throws -> Tensor {
    let count = scores.size(along: 0)
    precondition(scores.shape == [count, count] && count > 0, "scores of shape \(scores.shape)")
    precondition(0...1 ~= smoothing, "a smoothing of \(smoothing), not in 0...1")
    return try checked {
      let diagonal = scores.elements(
        at: Tensor((0..<count).map { $0 * (count + 1) }).moved(to: scores.device))
      let both = (scores.logSumExp(along: 0) + scores.logSumExp(along: 1)) * 0.5
      return both.mean() - diagonal.mean() * (1 - smoothing) - scores.mean() * smoothing
    }
  }
}
