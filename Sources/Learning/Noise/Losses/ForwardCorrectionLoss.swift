internal import Foundation
public import Torch

/// The cross-entropy of the classes that noise makes of the predicted ones.
///
/// With T the transition matrix of the noise, T[i][j] = P(given j | true i):
///
///     L = −log Σ_c T[c][y] p_c
///
/// - Inputs: class scores
/// - Paper: Patrini, Rozza, Menon, Nock, Qu. Making Deep Neural Networks Robust to Label Noise: a Loss
///   Correction Approach. CVPR 2017, theorem 2. <https://arxiv.org/abs/1609.03683>
/// - Gradient: reaches all scores.
/// - Units: nats, averaged over examples.
/// - Departures: none; T is given, not estimated.
public struct ForwardCorrectionLoss: ClassLoss, Codable, Hashable {
  /// The transition matrix T of the noise.
  public var transition: TransitionMatrix

  /// Creates the loss.
  public init(transition: TransitionMatrix) { self.transition = transition }

  /// The loss of each example, `[N]`.
  ///
  /// - Precondition: T has a row for each class, and noise can give each of the given classes.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    let given = ClassScores(scores, classes: classes)
    precondition(
      transition.count == given.count,
      "a transition matrix of \(transition.count) classes for scores of \(given.count)")
    let columns = (0..<given.count).map { column in transition.rows.map { log($0[column]) } }
    if let never = classes.first(where: { columns[$0].allSatisfy { $0 == -.infinity } }) {
      preconditionFailure("class \(never) is given, but the transition matrix excludes it")
    }
    return try checked {
      let sources = given.constant(columns).gathered(rows: given.classes)
      return -(given.logProbabilities + sources).logSumExp(along: 1)
    }
  }
}
