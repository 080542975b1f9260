public import Torch

/// The cross-entropy of a bag's class shares with the mean of its predicted probabilities.
///
/// With s_ac the share of class c in bag a, of kₐ rows, and pᵢ the softmax of row i's logits:
///
///     L = −(1 / B) Σₐ Σ_c s_ac log((1 / kₐ) Σ_{i ∈ a} p_ic)
///
/// - Inputs: aggregates of bags
/// - Paper: Ardehaly, Culotta. Co-training for Demographic Classification Using Deep Learning from
///   Label Proportions. ICDM Workshops 2017. <https://arxiv.org/abs/1709.04108>
/// - Gradient: reaches all logits.
/// - Units: nats, averaged over bags; at least the mean entropy of the shares.
/// - Departures: the cross-entropy where the paper has the Kullback-Leibler divergence, which differs
///   from it by a constant. Neither its text nor code was at hand.
public struct DLLPLoss: Codable, Hashable, Sendable {
  /// Creates the loss.
  public init() {}

  /// The loss of the predictions for some bags.
  ///
  /// - Parameters:
  ///   - logits: `[N, C]`.
  ///   - bags: the bags of the N rows.
  ///   - shares: `[B, C]`, the share of each class in each bag; rows that sum to 1.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match; there is a bag.
  public func callAsFunction(logits: Tensor, bags: Bags, shares: Tensor) throws -> Tensor {
    precondition(
      logits.dimensionCount == 2 && logits.size(along: 0) == bags.owners.count && bags.count > 0
        && shares.shape == [bags.count, logits.size(along: 1)],
      "logits of shape \(logits.shape) and shares of shape \(shares.shape) for \(bags.count) bags"
        + " of \(bags.owners.count) rows")
    return try checked {
      -(shares * bags.logMeans(of: logits.logSoftmax(along: 1))).sum(along: 1).mean()
    }
  }
}
