package import Torch

/// The scores between the views of each example.
package struct ViewPairs {
  /// `[N]`: log Σ_{v ≠ w} exp(zᵢᵛ · zᵢʷ / τ), over ordered pairs of views.
  package let logSumExp: Tensor

  /// - Parameter rows: `[V · N, D]`, the views stacked one after the other.
  package init(_ rows: Tensor, viewCount: Int, temperature: Double) {
    let count = rows.size(along: 0) / viewCount
    let views = rows.reshaped([viewCount, count, rows.size(along: 1)]).transposed(0, 1)
    let scores = views.matmul(views.transposed()) * (1 / temperature)
    let own = Tensor.identity(viewCount, device: rows.device).isGreater(than: 0)
    logSumExp = scores.replacing(where: own, with: -.infinity)
      .reshaped([count, viewCount * viewCount]).logSumExp(along: 1)
  }
}
