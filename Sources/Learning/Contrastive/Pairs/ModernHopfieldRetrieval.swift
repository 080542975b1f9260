import Kernels
public import Torch

/// The retrieval of a modern Hopfield network: a mixture of the stored patterns near a state.
///
/// Features that co-occur in several stored patterns are amplified, others averaged out. With r a
/// state and X the stored patterns, all rows scaled to unit length:
///
///     u = Xᵀ softmax(β X r),    u / ‖u‖
///
/// - Paper: Ramsauer and others. Hopfield Networks is All You Need. ICLR 2021, as used by Fürst and
///   others, CLOOB: Modern Hopfield Networks with InfoLOOB Outperform CLIP, NeurIPS 2022.
///   <https://arxiv.org/abs/2110.11316>
/// - Gradient: reaches states and stored patterns.
/// - Units: unit vectors. As β → 0 all states retrieve the mean pattern, as β → ∞ the nearest.
/// - Departures: none. As in the authors' code there is one update and no learnt projection.
/// - Degenerate: patterns whose mixture is 0 stay 0.
public struct ModernHopfieldRetrieval: Codable, Hashable, Sendable {
  /// The retrieval sharpness β ≥ 0; default 8, as CLOOB's authors train.
  public var sharpness: Double

  /// Creates a retrieval with the given sharpness.
  public init(sharpness: Double = 8) { self.sharpness = sharpness }

  /// Retrieves a pattern for each state.
  ///
  /// - Parameters:
  ///   - states: `[N, D]`.
  ///   - stored: `[M, D]`.
  /// - Returns: `[N, D]`, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, M > 0, β ≥ 0.
  /// - Complexity: O(N · M · D) time, O((N + M) · D) memory: scores are computed one block at a
  ///   time.
  public func callAsFunction(states: Tensor, stored: Tensor) throws -> Tensor {
    precondition(
      states.dimensionCount == 2 && stored.dimensionCount == 2
        && states.size(along: 1) == stored.size(along: 1) && stored.size(along: 0) > 0,
      "states of shape \(states.shape) and stored patterns of shape \(stored.shape)")
    precondition(sharpness >= 0, "a sharpness of \(sharpness)")
    return try checked {
      try hopfieldUpdate(
        of: states.normalized(), stored: stored.normalized(), sharpness: sharpness)
    }
  }
}
