import Kernels
public import Torch

/// The cross-entropy of each query's key against the keys of earlier batches.
///
/// With xᵢ a query, kᵢ its key and qⱼ the queue's keys, each scaled to unit length:
///
///     L = −(1 / N) Σᵢ log ( exp(xᵢ · kᵢ / τ) / (exp(xᵢ · kᵢ / τ) + Σⱼ exp(xᵢ · qⱼ / τ)) )
///
/// - Inputs: two views
/// - Paper: He, Fan, Wu, Xie, Girshick. Momentum Contrast for Unsupervised Visual Representation
///   Learning. CVPR 2020, equation 1 and algorithm 1. <https://arxiv.org/abs/1911.05722>
/// - Gradient: reaches the queries only. Keys and queue are constants.
/// - Units: nats, averaged over queries. If all rows are equal, it is log(K + 1) with K keys
///   queued.
/// - Departures: none. The other keys of the batch are not negatives, as in the authors' code.
/// - Degenerate: with an empty queue the loss is 0, with gradient 0.
public struct MoCoLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.07, from the paper.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.07) { self.temperature = temperature }

  /// The loss of queries with one key each.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - keys: `[N, D]`; key i is the other view of query i.
  ///   - queue: `[K, D]`, the negatives.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, N > 0, τ > 0.
  /// - Complexity: O(N · K · D) time, O((N + K) · D + 1000 N) memory.
  public func callAsFunction(queries: Tensor, keys: Tensor, queue: Tensor) throws -> Tensor {
    try perExample(queries: queries, keys: keys, queue: queue).mean()
  }

  /// The cross-entropy of each query, `[N]`, under the same preconditions.
  public func perExample(queries: Tensor, keys: Tensor, queue: Tensor) throws -> Tensor {
    checkViews([queries, keys])
    checkTemperature(temperature)
    guard queue.size(along: 0) > 0 else { return try checked { (queries * 0).sum(along: 1) } }
    let (rows, positives, negatives) = try checked {
      let rows = queries.normalized()
      let scores = rows.rowProducts(with: keys.detached().normalized()) * (1 / temperature)
      return (rows, scores, queue.detached().normalized())
    }
    let others = try RowLogSumExp(temperature: temperature)(queries: rows, keys: negatives)
    return try checked {
      Tensor.stacked([positives, others]).logSumExp(along: 0) - positives
    }
  }
}
