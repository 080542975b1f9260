internal import Foundation
public import Torch

/// A loss between the cross-entropy and the mean absolute error.
///
/// With p_y the probability of the given class:
///
///     L = (1 − p_yᑫ) / q
///
/// For q → 0 it is the cross-entropy, for q = 1 half the mean absolute error. The gradient is that of
/// the cross-entropy times p_yᑫ, so that examples that the model denies count less.
///
/// - Inputs: class scores
/// - Paper: Zhang, Sabuncu. Generalized Cross Entropy Loss for Training Deep Neural Networks with
///   Noisy Labels. NeurIPS 2018. <https://arxiv.org/abs/1805.07836>
/// - Gradient: reaches all scores.
/// - Units: 0 … 1 / q, averaged over examples.
/// - Departures: none from the equation. The truncated loss, which drops examples with p_y ≤ k every
///   few epochs, is left to the caller: it is a choice of examples.
public struct GeneralizedCrossEntropyLoss: ClassLoss, Codable, Hashable {
  /// The exponent q, 0 < q ≤ 1; default 0.7, the paper's.
  public var exponent: Double

  /// Creates the loss.
  public init(exponent: Double = 0.7) { self.exponent = exponent }

  /// The loss of each example, `[N]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: `scores` is `[N, C]` with a class in `0 ..< C` for each row; settings in range.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    precondition(exponent > 0 && exponent <= 1, "the exponent \(exponent) is outside 0 … 1")
    return try checked {
      let logs = ClassScores(scores, classes: classes).ownLogProbabilities
      return (logs * exponent).expMinusOne() * (-1 / exponent)
    }
  }
}
