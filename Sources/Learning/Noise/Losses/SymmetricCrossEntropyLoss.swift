internal import Foundation
public import Torch

/// The cross-entropy, and the cross-entropy with the roles of prediction and label exchanged.
///
/// With A the logarithm that stands for that of a label's zeros:
///
///     L = −α log p_y − β Σ_{c ≠ y} p_c A = −α log p_y − β A (1 − p_y)
///
/// - Inputs: class scores
/// - Paper: Wang, Ma, Chen, Luo, Yi, Bailey. Symmetric Cross Entropy for Robust Learning with Noisy
///   Labels. ICCV 2019. <https://arxiv.org/abs/1908.06112>
/// - Gradient: reaches all scores.
/// - Units: nats, averaged over examples.
/// - Departures: the paper sets A = −4; like the authors' code, A is log 10⁻⁴. The code also keeps
///   probabilities above 10⁻⁷, which this does not need.
public struct SymmetricCrossEntropyLoss: ClassLoss, Codable, Hashable {
  /// The weight α of the cross-entropy; default 0.1, the paper's for CIFAR-10.
  public var crossEntropyWeight: Double
  /// The weight β of the reverse cross-entropy; default 1, the paper's for CIFAR-10.
  public var reverseWeight: Double
  /// exp A, 0 < exp A < 1; default 10⁻⁴, the authors' code's.
  public var labelFloor: Double

  /// Creates the loss.
  public init(
    crossEntropyWeight: Double = 0.1, reverseWeight: Double = 1, labelFloor: Double = 1e-4
  ) {
    self.crossEntropyWeight = crossEntropyWeight
    self.reverseWeight = reverseWeight
    self.labelFloor = labelFloor
  }

  /// The loss of each example, `[N]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: `scores` is `[N, C]` with a class in `0 ..< C` for each row; settings in range.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    precondition(
      labelFloor > 0 && labelFloor < 1, "the label floor \(labelFloor) is outside 0 … 1")
    return try checked {
      let logs = ClassScores(scores, classes: classes).ownLogProbabilities
      return logs * -crossEntropyWeight
        + logs.expMinusOne() * (reverseWeight * log(labelFloor))
    }
  }
}
