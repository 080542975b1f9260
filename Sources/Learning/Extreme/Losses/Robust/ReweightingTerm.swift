public import Torch

/// Weights of a batch's positives that follow their losses: the middle counts most.
///
/// The losses ℓ = −log q of a batch's E positives are put onto −δ … δ, a strategy makes them weights,
/// and the weights add up to E. Those with the smallest loss teach little, and those with the largest
/// are often wrong:
///
///     h = 2 δ (ℓ − min ℓ) / (max ℓ − min ℓ) − δ
///     g = 1 − h² / δ²  (quadratic),  min(h + δ, δ)  (linear upper bound)  or  |h|  (extremes)
///     f = w ℓ  with  w = E exp(g / r) / Σ exp(g / r)
///
/// - Paper: Sow, Woisetschläger, Bulusu, Wang, Jacobsen, Liang. Dynamic Loss-Based Sample Reweighting
///   for Improved Large Language Model Pretraining. ICLR 2025, section 4.
///   <https://openreview.net/forum?id=gU4ZgQNsOC>
/// - Gradient: that of −log q times w; the weights have none.
/// - Units: nats.
/// - Departures: the paper weighs the texts of a batch, this its positives. The default strategy is the
///   quadratic one, because labels that are wrong have the largest losses; the paper prefers the
///   linear one. Positives of equal loss weigh 1.
public struct ReweightingTerm: PositiveTerm {
  /// The function of the loss that weights follow.
  public enum Strategy: String, Codable, Hashable, Sendable, CaseIterable {
    /// Losses in the middle weigh most.
    case quadratic
    /// Weights rise with the loss up to the middle.
    case linearUpper
    /// The smallest and the largest losses weigh most.
    case extremes
  }

  /// The function of the loss; the quadratic one is our choice.
  public var strategy: Strategy
  /// The sharpness r > 0: the smaller, the more weights differ.
  ///
  /// It is 1 in the authors' code at the end of its schedule.
  public var scale: Double
  /// The bound δ > 0 of normalised losses; 1 in the authors' code.
  public var bound: Double

  /// Creates the term.
  public init(strategy: Strategy = .quadratic, scale: Double = 1, bound: Double = 1) {
    self.strategy = strategy
    self.scale = scale
    self.bound = bound
  }

  /// The terms and their factors.
  public func callAsFunction(logProbabilities: Tensor, targets: Tensor?) -> (
    value: Tensor, factor: Tensor
  ) {
    precondition(scale > 0 && bound > 0, "scale \(scale), bound \(bound)")
    guard logProbabilities.elementCount > 0 else { return (logProbabilities, logProbabilities) }
    let losses = -logProbabilities.detached()
    let lowest = losses.minimum()
    let spread = (losses.maximum() - lowest).clamped(from: 1e-6)
    let normalized = (losses - lowest) / spread * (2 * bound) - bound
    let goals =
      switch strategy {
      case .quadratic: 1 - normalized.squared() * (1 / (bound * bound))
      case .linearUpper: (normalized + bound).clamped(to: bound)
      case .extremes: normalized.magnitude()
      }
    let weights = (goals * (1 / scale)).softmax(along: 0) * Double(losses.elementCount)
    return (-logProbabilities * weights, weights)
  }
}
