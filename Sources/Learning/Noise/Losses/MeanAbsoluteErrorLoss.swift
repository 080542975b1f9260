public import Torch

/// The absolute difference between the probabilities and the given class.
///
/// With e_y the one-hot vector of the given class:
///
///     L = ‖p − e_y‖₁ = 2 (1 − p_y)
///
/// Its sum over all classes that could be given is a constant, 2 (C − 1), which makes it robust to
/// symmetric noise; it trains slowly for the same reason.
///
/// - Inputs: class scores
/// - Paper: Ghosh, Kumar, Sastry. Robust Loss Functions under Label Noise for Deep Neural Networks.
///   AAAI 2017. <https://arxiv.org/abs/1712.09482>
/// - Gradient: reaches all scores.
/// - Units: 0 … 2, averaged over examples.
/// - Departures: none.
public struct MeanAbsoluteErrorLoss: ClassLoss, Codable, Hashable {
  /// Creates the loss.
  public init() {}

  /// The loss of each example, `[N]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: `scores` is `[N, C]` with a class in `0 ..< C` for each row; settings in range.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    try checked {
      ClassScores(scores, classes: classes).ownLogProbabilities.expMinusOne() * -2
    }
  }
}
