public import Torch

/// The negative cosine between the prediction of one view and the projection of the other, which is
/// held constant.
///
/// There are no negatives and no second network: the stopped gradient of the projection keeps the
/// embeddings from collapsing. With p the predictor's output, z the projector's and sg the
/// stop-gradient:
///
///     L = −½ (1 / N) Σᵢ (cos(p¹ᵢ, sg z²ᵢ) + cos(p²ᵢ, sg z¹ᵢ))
///
/// - Inputs: two views
/// - Paper: Chen, He. Exploring Simple Siamese Representation Learning. CVPR 2021, equations 1 to 4.
///   <https://arxiv.org/abs/2011.10566>
/// - Gradient: reaches the predictions only.
/// - Units: a negative cosine, −1 (best) to 1, averaged over examples and directions.
/// - Departures: none.
/// - Degenerate: an empty batch has loss 0.
public struct SimSiamLoss: Codable, Hashable, Sendable {
  /// Creates the loss, which has no hyperparameters.
  public init() {}

  /// The loss of two views of a batch.
  ///
  /// - Parameters:
  ///   - predictions: `[N, D]` for the first and the second view; the loss scales them to unit
  ///     length.
  ///   - projections: `[N, D]` for the first and the second view; constants.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes.
  public func callAsFunction(
    predictions: (first: Tensor, second: Tensor), projections: (first: Tensor, second: Tensor)
  ) throws -> Tensor {
    try checked {
      (predictions.first.meanCosine(toConstant: projections.second)
        + predictions.second.meanCosine(toConstant: projections.first)) * -0.5
    }
  }
}

extension Tensor {
  /// The mean cosine between rows and the corresponding rows of `other`, held constant; 0 without
  /// rows.
  func meanCosine(toConstant other: Tensor) -> Tensor {
    precondition(dimensionCount == 2 && shape == other.shape, "\(shape) beside \(other.shape)")
    // Dividing the products by the norms avoids two normalised matrices and their gradients.
    let fixed = other.detached()
    let lengths = norm(along: 1).clamped(from: 1e-12) * fixed.norm(along: 1).clamped(from: 1e-12)
    return ((self * fixed).sum(along: 1) / lengths).sum()
      * (1 / Double(Swift.max(size(along: 0), 1)))
  }
}
