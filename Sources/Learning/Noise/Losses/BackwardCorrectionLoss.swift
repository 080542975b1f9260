public import Torch

/// The cross-entropy, corrected such that its mean over the noise is that without noise.
///
/// With T the transition matrix of the noise, T[i][j] = P(given j | true i):
///
///     L = −Σ_c (T⁻¹)[y][c] log p_c
///
/// - Inputs: class scores
/// - Paper: Patrini, Rozza, Menon, Nock, Qu. Making Deep Neural Networks Robust to Label Noise: a Loss
///   Correction Approach. CVPR 2017, theorem 1. <https://arxiv.org/abs/1609.03683>
/// - Gradient: reaches all scores.
/// - Units: nats, averaged over examples; it is negative for some.
/// - Departures: none; T is given, not estimated.
public struct BackwardCorrectionLoss: ClassLoss, Codable, Hashable {
  /// The transition matrix T of the noise.
  public var transition: TransitionMatrix

  /// Creates the loss.
  public init(transition: TransitionMatrix) { self.transition = transition }

  /// The loss of each example, `[N]`.
  ///
  /// - Throws: `ValueError` if T is singular; `TorchError` if libtorch fails.
  /// - Precondition: T has a row for each class.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    let given = ClassScores(scores, classes: classes)
    precondition(
      transition.count == given.count,
      "a transition matrix of \(transition.count) classes for scores of \(given.count)")
    let inverse = try transition.inverse()
    return try checked {
      let factors = given.constant(inverse).gathered(rows: given.classes)
      return -(given.logProbabilities * factors).sum(along: 1)
    }
  }
}
