public import Torch

/// Weights of the examples of a batch by their losses.
///
/// Losses are scaled to h of −δ … δ, by the smallest and the largest of the batch:
///
///     capped linear: g = min(h + δ, δ)      weight grows with the loss, up to the middle
///     quadratic:     g = 1 − h² / δ²        middling losses weigh most
///     extremes:      g = |h|                small and large losses weigh most
///     w = softmax(g / r),  L = Σᵢ wᵢ ℓᵢ
///
/// While the model warms up, all weights are equal: its losses say little about the examples.
///
/// - Paper: Sow, Woisetschläger, Bulusu, Wang, Jacobsen, Liang. Dynamic Loss-Based Sample Reweighting
///   for Improved Large Language Model Pretraining. ICLR 2025. <https://arxiv.org/abs/2502.06733>
/// - Gradient: reaches the losses; weights are constants.
/// - Units: those of the losses; weights sum to 1.
/// - Departures: the authors' code lowers r from a large value during the warm-up, which is left to the
///   caller; here the warm-up has equal weights, the limit of a large r.
/// - Degenerate: if all losses are equal, all weights are.
public struct LossReweighting: Codable, Hashable, Sendable {
  /// The weight as a function of the loss.
  public enum Strategy: String, Codable, CaseIterable, Sendable {
    /// Small losses weigh less; large ones are capped.
    case cappedLinear
    /// Middling losses weigh most.
    case quadratic
    /// Small and large losses weigh most.
    case extremes
  }

  /// The strategy; default capped linear, the authors' code's.
  public var strategy: Strategy
  /// r > 0; default 1, ours: the authors schedule it.
  public var temperature: Double
  /// δ > 0; default 1, the authors' code's.
  public var range: Double

  /// Creates the weighting.
  public init(strategy: Strategy = .cappedLinear, temperature: Double = 1, range: Double = 1) {
    self.strategy = strategy
    self.temperature = temperature
    self.range = range
  }

  /// The weights of examples, `[N]`, without gradient; they sum to 1.
  ///
  /// - Parameters:
  ///   - losses: the loss of each example, `[N]`.
  ///   - isWarmingUp: whether all weights are equal.
  /// - Precondition: N > 0; r and δ are positive.
  public func weights(of losses: Tensor, isWarmingUp: Bool = false) throws -> Tensor {
    precondition(
      losses.dimensionCount == 1 && losses.size(along: 0) > 0, "losses of shape \(losses.shape)")
    precondition(
      temperature > 0 && range > 0, "temperature \(temperature), range \(range)")
    return try checked {
      let values = losses.detached()
      if isWarmingUp { return Tensor.ones(like: values) * (1 / Double(values.size(along: 0))) }
      let (low, high) = (values.minimum(), values.maximum())
      let spread = (high - low).clamped(from: 1e-6)
      let scaled = (2 * values - (high + low)) / spread * range
      let marks =
        switch strategy {
        case .cappedLinear: (scaled + range).clamped(to: range)
        case .quadratic: 1 - scaled.squared() * (1 / (range * range))
        case .extremes: scaled.magnitude()
        }
      return (marks * (1 / temperature)).softmax(along: 0)
    }
  }

  /// The weighted sum of losses, a scalar.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ losses: Tensor, isWarmingUp: Bool = false) throws -> Tensor {
    let weights = try weights(of: losses, isWarmingUp: isWarmingUp)
    return try checked { (weights * losses).sum() }
  }
}
