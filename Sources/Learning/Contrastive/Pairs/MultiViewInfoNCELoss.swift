import Kernels
public import Torch

/// A single contrastive term per example over any number of views.
///
/// Instead of summing losses over pairs of views, it puts all pairs of an example's views in one
/// numerator, and all pairs of one of its views with any other row in one denominator. With zᵢᵛ the
/// view v of example i, scaled to unit length, V views and N examples:
///
///     L = −(1 / N) Σᵢ log ( Σ_{v ≠ w} exp(zᵢᵛ · zᵢʷ / τ)  /  Σᵥ Σ_{(j, w) ≠ (i, v)} exp(zᵢᵛ · zⱼʷ / τ) )
///
/// - Inputs: many views
/// - Paper: Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for
///   Multi-View Contrastive Learning. 2025, MV-InfoNCE. <https://arxiv.org/abs/2507.06979>
/// - Gradient: reaches all views.
/// - Units: nats, averaged over examples. If all rows are equal, it is log((NV − 1) / (V − 1)).
/// - Departures: the formula follows the authors' code, class `MVINFONCE`.
/// - Degenerate: a single example has loss 0.
public struct MultiViewInfoNCELoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.2, ours, the initial value of the
  /// authors' other losses.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.2) { self.temperature = temperature }

  /// The loss of several views.
  ///
  /// - Parameter views: two or more `[N, D]`; row i of each is a view of example i.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O((NV)² · D) time, O(NV · (D + 1000) + NV²) memory.
  public func callAsFunction(views: [Tensor]) throws -> Tensor {
    try perExample(views: views).mean()
  }

  /// The term of each example, `[N]`, under the same preconditions.
  public func perExample(views: [Tensor]) throws -> Tensor {
    checkViews(views)
    checkTemperature(temperature)
    let count = views[0].size(along: 0)
    let total = count * views.count
    let rows = try checked { Tensor.concatenated(views).normalized() }
    let all = try RowLogSumExp(temperature: temperature)(
      queries: rows, keys: rows, hiding: .ownExample(rows: total, columns: total, examples: total))
    return try checked {
      all.reshaped([views.count, count]).logSumExp(along: 0)
        - ViewPairs(rows, viewCount: views.count, temperature: temperature).logSumExp
    }
  }
}
