public import Torch

/// The cross-entropy with a pull towards the model's earlier predictions for the example (ELR).
///
/// With p the probabilities kept within 10⁻⁴ … 1 − 10⁻⁴, and tᵢ an average of example i's earlier ones:
///
///     tᵢ ← β tᵢ + (1 − β) pᵢ / Σ_c pᵢ_c
///     L  = −log p_y + λ log(1 − ⟨tᵢ, pᵢ⟩)
///
/// - Inputs: class scores
/// - Paper: Liu, Niles-Weed, Razavian, Fernandez-Granda. Early-Learning Regularization Prevents
///   Memorization of Noisy Labels. NeurIPS 2020. <https://arxiv.org/abs/2007.00151>
/// - Gradient: reaches the scores; targets are constants.
/// - Units: nats, averaged over examples.
/// - Departures: none from the authors' code; the paper's equations have no bounds for p.
public struct EarlyLearningLoss: Codable, Hashable, Sendable {
  /// The share β of the earlier target, 0 … 1; default 0.7, the authors' for CIFAR-10.
  public var momentum: Double
  /// The weight λ of the pull; default 3, the authors' for CIFAR-10.
  public var weight: Double

  /// Creates the loss.
  public init(momentum: Double = 0.7, weight: Double = 3) {
    self.momentum = momentum
    self.weight = weight
  }

  /// The loss, a scalar, and the new targets of the examples.
  ///
  /// - Parameters:
  ///   - scores: the class scores (logits), `[N, C]`.
  ///   - classes: the class of each example, 0 ..< C.
  ///   - targets: the examples' targets after their last batch, `[N, C]`; 0 before the first.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per row of the scores, N > 0; 0 ≤ β ≤ 1.
  public func callAsFunction(scores: Tensor, classes: [Int], targets: Tensor) throws -> (
    value: Tensor, targets: Tensor
  ) {
    precondition((0...1).contains(momentum), "the momentum \(momentum) is outside 0 … 1")
    precondition(
      targets.shape == scores.shape, "targets \(targets.shape) for scores \(scores.shape)")
    let given = ClassScores(scores, classes: classes)
    return try checked {
      let probabilities = scores.softmax(along: 1).clamped(from: 1e-4, to: 1 - 1e-4)
      let current = probabilities.detached()
      let shares = current / current.sum(along: 1, keepingDimensions: true)
      let moved = targets.detached() * momentum + shares * (1 - momentum)
      let agreement = (moved * probabilities).sum(along: 1)
      let value = -given.ownLogProbabilities + (1 - agreement).log() * weight
      return (value.mean(), moved)
    }
  }
}
