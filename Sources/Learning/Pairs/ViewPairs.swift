internal import Torch

/// The scores of each example's views with each other.
struct ViewPairs {
  /// `[N]`: log Σ_{v ≠ w} exp(zᵢᵛ · zᵢʷ / τ), over ordered pairs of views.
  let logSumExp: Tensor

  /// - Parameter rows: `[V · N, D]`, view after view.
  init(_ rows: Tensor, viewCount: Int, temperature: Double) {
    let count = rows.size(along: 0) / viewCount
    let views = rows.reshaped([viewCount, count, rows.size(along: 1)]).transposed(0, 1)
    let scores = views.matmul(views.transposed()) * (1 / temperature)
    let own = Tensor.identity(viewCount, device: rows.device).isGreater(than: 0)
    logSumExp = scores.replacing(where: own, with: -.infinity)
      .reshaped([count, viewCount * viewCount]).logSumExp(along: 1)
  }
}
