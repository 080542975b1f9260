public import Torch

/// One contrastive term an example over any number of views.
///
/// All pairs of an example's views stand in one numerator, and all pairs of one of its views with
/// any other row in one denominator, instead of a sum of losses over pairs of views. With zᵢᵛ the
/// view v of example i, scaled to unit length, V views and N examples:
///
///     L = −(1 / N) Σᵢ log ( Σ_{v ≠ w} exp(zᵢᵛ · zᵢʷ / τ)  /  Σᵥ Σ_{(j, w) ≠ (i, v)} exp(zᵢᵛ · zⱼʷ / τ) )
///
/// - Paper: Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for
///   Multi-View Contrastive Learning. 2025, MV-InfoNCE. <https://arxiv.org/abs/2507.06979>
/// - Gradient: reaches all views.
/// - Units: nats, the mean over examples. Where all rows are equal it is log((NV − 1) / (V − 1)).
/// - Departures: the formula is that of the authors' code, class `MVINFONCE`.
/// - Degenerate: a single example has loss 0.
public struct MultiViewInfoNCELoss: Codable, Hashable, Sendable {
  /// What cosines are divided by, τ > 0; 0.2, ours, is what the authors' other losses start with.
  public var temperature: Double

  /// Makes the loss.
  public init(temperature: Double = 0.2) { self.temperature = temperature }

  /// The loss of several views.
  ///
  /// - Parameter views: two or more `[N, D]`; row i of each is a view of example i.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O((NV)² · D) time, O(NV · (D + 1000) + NV²) memory.
  public func callAsFunction(views: [Tensor]) throws -> Tensor {
    try perExample(views: views).mean()
  }

  /// The term of each example, `[N]`, on the same terms.
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
