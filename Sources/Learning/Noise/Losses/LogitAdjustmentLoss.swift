internal import Foundation
public import Torch

/// The cross-entropy of scores that are raised by how frequent their class is.
///
/// With π_c the share of class c in the training set:
///
///     L = −log softmax_y(s + τ log π)
///
/// A model trained so ranks classes as if all were equally frequent; its scores are used unadjusted.
///
/// - Inputs: class scores
/// - Paper: Menon, Jayasumana, Rawat, Jain, Veit, Kumar. Long-Tail Learning via Logit Adjustment. ICLR
///   2021. <https://arxiv.org/abs/2007.07314>
/// - Gradient: reaches all scores.
/// - Units: nats, averaged over examples.
/// - Departures: none.
public struct LogitAdjustmentLoss: ClassLoss, Codable, Hashable {
  /// The number of each class's examples in the training set, positive.
  public var counts: [Int]
  /// The strength τ; default 1, the paper's, and 0 is the cross-entropy.
  public var strength: Double

  /// Creates the loss.
  public init(counts: [Int], strength: Double = 1) {
    self.counts = counts
    self.strength = strength
  }

  /// The loss of each example, `[N]`.
  ///
  /// - Precondition: a count for each class.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    let given = ClassScores(scores, classes: classes)
    checkCounts(counts, given)
    let total = Double(counts.reduce(0, +))
    return try checked {
      let shifts = given.constant(counts.map { strength * log(Double($0) / total) })
      return -given.own((scores + shifts).logSoftmax(along: 1))
    }
  }
}
