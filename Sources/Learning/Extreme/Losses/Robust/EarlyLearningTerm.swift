public import Torch

/// The early-learning regularisation of a positive: its gradient grows where earlier steps believed it.
///
/// A model learns right labels first. A target t follows each positive's q from step to step, and a
/// positive with a large target goes on pulling, while one that was never believed only has −log q:
///
///     t ← β t + (1 − β) q
///     f(q) = −log q + λ log(1 − t q)
///
/// - Paper: Liu, Niles-Weed, Razavian, Fernandez-Granda. Early-Learning Regularization Prevents
///   Memorization of Noisy Labels. NeurIPS 2020, equation 6. <https://arxiv.org/abs/2007.00151>
/// - Gradient: that of −log q times 1 + λ t q / (1 − t q); the target has none.
/// - Units: nats; the second part is 0 for t = 0.
/// - Departures: the paper's target is a distribution over all classes, here a number per training
///   pair: the inner product is restricted to the given label. A wrong label is outweighed, not
///   replaced by the label that the model believes. Targets are clamped to 0.9999, as in the
///   authors' code, probabilities are not.
public struct EarlyLearningTerm: PositiveTerm {
  /// The weight λ ≥ 0; 3 in the authors' code for CIFAR-10.
  public var weight: Double
  /// The momentum β of the targets, from 0 to below 1; 0.7 in the authors' code for CIFAR-10.
  public var momentum: Double

  /// Creates the term.
  public init(weight: Double = 3, momentum: Double = 0.7) {
    self.weight = weight
    self.momentum = momentum
  }

  /// The momentum: the term has targets.
  public var targetMomentum: Double? { momentum }

  /// The terms and their factors.
  public func callAsFunction(logProbabilities: Tensor, targets: Tensor?) -> (
    value: Tensor, factor: Tensor
  ) {
    precondition(
      weight >= 0 && momentum >= 0 && momentum < 1, "weight \(weight), momentum \(momentum)")
    guard let targets else { preconditionFailure("the targets of early learning are missing") }
    let agreement = logProbabilities.exp() * targets.clamped(to: 0.9999)
    return (
      (-agreement).logOnePlus() * weight - logProbabilities,
      agreement / (1 - agreement) * weight + 1
    )
  }
}
