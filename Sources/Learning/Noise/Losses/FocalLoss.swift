public import Torch

/// The cross-entropy, weighted by how improbable the model finds the given class.
///
///     L = −(1 − p_y)^γ log p_y
///
/// - Inputs: class scores
/// - Paper: Lin, Goyal, Girshick, He, Dollár. Focal Loss for Dense Object Detection. ICCV 2017.
///   <https://arxiv.org/abs/1708.02002>
/// - Gradient: reaches all scores, through the weight too.
/// - Units: nats, averaged over examples.
/// - Departures: the paper has one sigmoid per class and weights α per class; here p is the softmax,
///   and weights are the caller's or `ClassBalancedLoss`'s.
public struct FocalLoss: ClassLoss, Codable, Hashable {
  /// The exponent γ ≥ 0; default 2, the paper's, and 0 is the cross-entropy.
  public var focus: Double

  /// Creates the loss.
  public init(focus: Double = 2) { self.focus = focus }

  /// The loss of each example, `[N]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: `scores` is `[N, C]` with a class in `0 ..< C` for each row; settings in range.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    precondition(focus >= 0 && focus.isFinite, "the focus \(focus) is negative or infinite")
    return try checked {
      let logs = ClassScores(scores, classes: classes).ownLogProbabilities
      // For γ < 1 the slope of the power is infinite at 0.
      let missing = (-logs.expMinusOne()).clamped(from: 1e-12)
      return -(missing.power(focus) * logs)
    }
  }
}
