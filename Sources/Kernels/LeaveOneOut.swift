package import Torch

/// The mean over i of log Σ_{j ≠ i} exp(xᵢ · yⱼ / τ) − xᵢ · yᵢ / τ, without normalising rows.
///
/// - Parameters:
///   - anchors: x, `[N, D]`.
///   - candidates: y, `[N, D]`.
/// - Precondition: N > 1.
package func leaveOneOut(anchors: Tensor, candidates: Tensor, temperature: Double) throws -> Tensor
{
  let count = anchors.size(along: 0)
  let others = try RowLogSumExp(temperature: temperature)(
    queries: anchors, keys: candidates,
    hiding: .ownExample(rows: count, columns: count, examples: count))
  return try checked {
    others.mean() - anchors.rowProducts(with: candidates).mean() * (1 / temperature)
  }
}
