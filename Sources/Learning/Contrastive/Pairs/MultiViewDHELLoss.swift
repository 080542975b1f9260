internal import Foundation
import Kernels
import Storage
public import Torch

/// The alignment of all views of an example, decoupled from the uniformity of each view.
///
/// Each denominator covers one view: an example is pushed away from the others under the same
/// augmentation, so that no pair that should be pulled is pushed. With zᵢᵛ the view v of example i,
/// scaled to unit length, V views and N examples:
///
///     L = (1 / N) Σᵢ ( −log Σ_{v < w} exp(zᵢᵛ · zᵢʷ / τ) + Σᵥ log Σ_{j ≠ i} exp(zᵢᵛ · zⱼᵛ / τ) )
///
/// - Inputs: many views
/// - Paper: Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for
///   Multi-View Contrastive Learning. 2025, MV-DHEL. <https://arxiv.org/abs/2507.06979>
/// - Gradient: reaches all views.
/// - Units: nats, averaged over examples: one alignment and V uniformities. If all rows are equal,
///   it is (V − 1) / τ + V log(N − 1) − log(V (V − 1) / 2).
/// - Departures: the formula follows the authors' code, class `MVDHEL`, which multiplies the V sums
///   before the logarithm and so overflows for many views or a small τ.
/// - Degenerate: a single example has no negatives, so loss and gradient are 0.
///
/// A view is pushed by a whole term and pulled by its share of one, about 2 / V. With many views
/// the projections should end in batch normalisation, as the authors' do, or the pull is too weak
/// (measured with their code and with ours).
public struct MultiViewDHELLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.2, from the authors' code.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.2) { self.temperature = temperature }

  /// The loss of several views.
  ///
  /// - Parameter views: two or more `[N, D]`; row i of each is a view of example i.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes, N > 0, τ > 0.
  /// - Complexity: O(N² · V · D) time, O(N · V · (D + V) + 1000 N) memory.
  public func callAsFunction(views: [Tensor]) throws -> Tensor {
    try perExample(views: views).mean()
  }

  /// The term of each example, `[N]`, under the same preconditions.
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
