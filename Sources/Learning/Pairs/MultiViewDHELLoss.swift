internal import Foundation
public import Torch

/// The alignment of all views of an example, decoupled from the uniformity of each view.
///
/// The denominators are within one view: an example is pushed from the others as the same
/// augmentation sees them, so that no pair that is to be pulled is pushed. With zᵢᵛ the view v of
/// example i, scaled to unit length, V views and N examples:
///
///     L = (1 / N) Σᵢ ( −log Σ_{v < w} exp(zᵢᵛ · zᵢʷ / τ) + Σᵥ log Σ_{j ≠ i} exp(zᵢᵛ · zⱼᵛ / τ) )
///
/// - Paper: Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for
///   Multi-View Contrastive Learning. 2025, MV-DHEL. <https://arxiv.org/abs/2507.06979>
/// - Gradient: reaches all views.
/// - Units: nats, the mean over examples of one alignment and V uniformities. Where all rows are
///   equal it is (V − 1) / τ + V log(N − 1) − log(V (V − 1) / 2).
/// - Departures: the formula is that of the authors' code, class `MVDHEL`, which multiplies the V
///   sums before the logarithm and so overflows for many views or a small τ.
/// - Degenerate: a single example has no negatives, loss 0 and gradient 0.
///
/// A view is pushed by a whole term and pulled by its share of one, about 2 / V: with many views the
/// projections should end in a normalisation over the batch, as the authors' do, or the pull is too
/// weak (measured with their code and with ours).
public struct MultiViewDHELLoss: Codable, Hashable, Sendable {
  /// What cosines are divided by, τ > 0; 0.2, the default, is the authors' code's.
  public var temperature: Double

  /// Makes the loss.
  public init(temperature: Double = 0.2) { self.temperature = temperature }

  /// The loss of several views.
  ///
  /// - Parameter views: two or more `[N, D]`; row i of each is a view of example i.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O(N² · V · D) time, O(N · V · (D + V) + 1000 N) memory.
  public func callAsFunction(views: [Tensor]) throws -> Tensor {
    try perExample(views: views).mean()
  }

  /// The term of each example, `[N]`, on the same terms.
  public func perExample(views: [Tensor]) throws -> Tensor {
    checkViews(views)
    checkTemperature(temperature)
    let count = views[0].size(along: 0)
    guard count > 1 else {
      return try checked { (Tensor.stacked(views) * 0).sum(along: 0).sum(along: 1) }
    }
    let rows = try checked { Tensor.concatenated(views).normalized() }
    let own = CSRMatrix.ownExample(rows: count, columns: count, examples: count)
    let uniformities = try views.indices.map { view in
      let part = rows[(view * count)..<((view + 1) * count)]
      return try RowLogSumExp(temperature: temperature)(queries: part, keys: part, hiding: own)
    }
    return try checked {
      // Ordered pairs of views are counted twice.
      let alignment =
        ViewPairs(rows, viewCount: views.count, temperature: temperature).logSumExp - log(2)
      return Tensor.stacked(uniformities).sum(along: 0) - alignment
    }
  }
}
