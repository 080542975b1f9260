public import Torch

/// The squared distance between the online network's prediction of one view and the target
/// network's projection of the other, both scaled to unit length.
///
/// The target network follows the online one slowly (`MomentumUpdate`) and gets no gradient, so
/// that no negatives are needed. With q the online predictor's output and z′ the target
/// projector's:
///
///     L = (1 / N) Σᵢ (‖q̂¹ᵢ − ẑ′²ᵢ‖² + ‖q̂²ᵢ − ẑ′¹ᵢ‖²)
///       = (1 / N) Σᵢ (4 − 2 cos(q¹ᵢ, z′²ᵢ) − 2 cos(q²ᵢ, z′¹ᵢ))
///
/// - Inputs: two views
/// - Paper: Grill and others. Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning.
///   NeurIPS 2020, equation 2 and the line below it. <https://arxiv.org/abs/2006.07733>
/// - Gradient: reaches the predictions only.
/// - Units: squared distances between unit vectors, 0 to 8: summed over both directions, averaged
///   over examples.
/// - Departures: none. lightly uses the mean negative cosine instead, which is (L − 4) / 4.
/// - Degenerate: an empty batch has loss 0.
public struct BYOLLoss: Codable, Hashable, Sendable {
  /// Creates the loss, which has no hyperparameters.
  public init() {}

  /// The loss of two views of a batch.
  ///
  /// - Parameters:
  ///   - predictions: `[N, D]` of the online network, for the first and the second view.
  ///   - projections: `[N, D]` of the target network, for the first and the second view; constants.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes.
  public func callAsFunction(
    predictions: (first: Tensor, second: Tensor), projections: (first: Tensor, second: Tensor)
  ) throws -> Tensor {
    try checked {
      let cosines =
        predictions.first.meanCosine(toConstant: projections.second)
        + predictions.second.meanCosine(toConstant: projections.first)
      return predictions.first.size(along: 0) == 0 ? cosines : 4 - cosines * 2
    }
  }
}
