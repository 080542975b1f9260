import Kernels
public import Storage
public import Torch

/// The loss of one of two models that learn together, each from the positives that the other believes.
///
/// Two models with other initial weights make different mistakes. In each batch, each picks the
/// positives with the smallest loss, and the other learns from these alone, so that the mistakes of a
/// model are not its own teachers. With cₚ and qₚ of `RobustLoss`, E positives in the batch, R the share
/// to forget, and Q the ⌈(1 − R) E⌉ positives with the largest q of the other model:
///
///     L = (Σ c / Σ_{p ∈ Q} cₚ) Σ_{p ∈ Q} −cₚ log qₚ + the loss of the other labels in base
///
/// - Inputs: label sets
/// - Paper: Han, Yao, Yu, Niu, Xu, Hu, Tsang, Sugiyama. Co-teaching: Robust Training of Deep Neural
///   Networks with Extremely Noisy Labels. NeurIPS 2018, algorithm 1. <https://arxiv.org/abs/1804.06872>
/// - Gradient: that of `base` with other weights; the selection has none.
/// - Units: nats.
/// - Departures: the paper selects examples, this the positives of examples. Positives that are
///   forgotten are not negatives either. The share follows the caller's schedule.
/// - Degenerate: without positives as `base`. A call without another model uses its own selection.
public struct CoTeachingLoss<Base: LossOverLabels>: LossOverLabels {
  /// The loss of clean labels.
  public var base: Base
  /// The share R of the positives to forget, from 0 to below 1: the share of wrong labels in the paper.
  public var forgetRate: Double

  /// Creates the loss; 0.2 is the rate of one of the paper's settings.
  public init(_ base: Base, forgetRate: Double = 0.2) {
    (self.base, self.forgetRate) = (base, forgetRate)
  }

  /// The temperature of the base.
  public var temperature: Double {
    get { base.temperature }
    set { base.temperature = newValue }
  }

  /// The loss with the model's own selection.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor {
    try self(
      queries: queries, labels: labels, bias: bias, positives: positives, offset: offset,
      choosing: SmallLossSelection(), learningFrom: nil)
  }

  /// The loss with another model's selection.
  ///
  /// The gradient uses the selection that `other` has once it is computed: both models' losses first,
  /// then both gradients.
  ///
  /// - Parameters:
  ///   - own: receives this model's selection.
  ///   - other: the other model's selection from the same positives; nil for this model's.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?, choosing own: SmallLossSelection,
    learningFrom other: SmallLossSelection?
  ) throws -> Tensor {
    precondition(forgetRate >= 0 && forgetRate < 1, "a forget rate of \(forgetRate)")
    let forgetRate = forgetRate
    func streamed(_ base: some PositiveCrossEntropy) throws -> Tensor {
      try RobustCall(base: base) { logs, weights, _ in
        let mine = own.select(from: logs, forgetting: forgetRate)
        let kept = other?.kept ?? mine
        let sum = (weights * kept).sum()
        let factor = kept * (weights.sum() / sum.replacing(where: sum.isEqual(to: 0), with: 1))
        return (-logs * factor, factor)
      }
      .streamed(queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
    }
    return try streamed(base.withProbabilities())
  }
}

/// The positives of a batch that a model believes.
public final class SmallLossSelection: Sendable {
  // Belongs to one training, which computes one loss at a time.
  nonisolated(unsafe) fileprivate var kept: Tensor?

  /// Creates an empty selection.
  public init() {}

  /// Forgets the selection: the next batch has other positives.
  public func clear() { kept = nil }

  /// Selects the largest log q, 1 for those that stay and 0 for the others.
  fileprivate func select(from logs: Tensor, forgetting share: Double) -> Tensor {
    let count = Int((Double(logs.elementCount) * (1 - share)).rounded(.up))
    let result = Tensor.zeros(like: logs)
    if count > 0 { result.setElementsInPlace(at: logs.detached().largest(count).indices, to: 1) }
    kept = result
    return result
  }
}
