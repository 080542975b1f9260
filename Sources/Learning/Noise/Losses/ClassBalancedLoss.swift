internal import Foundation
public import Torch

/// The cross-entropy, weighted by the inverse effective number of a class's examples.
///
/// With n_c the number of examples of class c:
///
///     w_c = (1 − β) / (1 − β^{n_c}), scaled to Σ w_c = C
///     L   = −w_y log p_y
///
/// - Inputs: class scores
/// - Paper: Cui, Jia, Lin, Song, Belongie. Class-Balanced Loss Based on Effective Number of Samples.
///   CVPR 2019. <https://arxiv.org/abs/1901.05555>
/// - Gradient: reaches all scores.
/// - Units: nats, averaged over examples (not over weights).
/// - Departures: none from the equation. The authors' PyTorch code takes the binary cross-entropy of
///   the softmax instead.
public struct ClassBalancedLoss: ClassLoss, Codable, Hashable {
  /// The number n_c > 0 of each class's examples in the training set.
  public var counts: [Int]
  /// β, 0 ≤ β < 1, the share of a new example that earlier ones cover; default 0.9999, the authors'.
  public var overlap: Double

  /// Creates the loss.
  public init(counts: [Int], overlap: Double = 0.9999) {
    self.counts = counts
    self.overlap = overlap
  }

  /// The weight w_c of each class.
  ///
  /// - Precondition: 0 ≤ β < 1; counts are positive.
  public var weights: [Double] {
    precondition((0..<1).contains(overlap), "the overlap \(overlap) is outside 0 ..< 1")
    precondition(counts.allSatisfy { $0 > 0 }, "counts \(counts); expected positive numbers")
    let inverse = counts.map { (1 - overlap) / -expm1(Double($0) * log(overlap)) }
    let scale = Double(counts.count) / inverse.reduce(0, +)
    return inverse.map { $0 * scale }
  }

  /// The loss of each example, `[N]`.
  ///
  /// - Precondition: a count for each class.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    let given = ClassScores(scores, classes: classes)
    checkCounts(counts, given)
    return try checked {
      -(given.ownLogProbabilities * given.constant(weights).gathered(rows: given.classes))
    }
  }
}
