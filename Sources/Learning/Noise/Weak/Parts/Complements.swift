import Torch

/// Complementary labels as a column `[N, 1]` of indices on the logits' device.
///
/// - Precondition: one label per row of logits `[N, K]`, each below K; N > 0, K ≥ 2.
func complementIndices(_ complements: [Int], of logits: Tensor) -> Tensor {
  precondition(
    logits.dimensionCount == 2 && logits.size(along: 0) == complements.count
      && !complements.isEmpty && logits.size(along: 1) >= 2,
    "logits of shape \(logits.shape) with \(complements.count) complementary labels")
  let classes = logits.size(along: 1)
  if let outside = complements.first(where: { !(0..<classes).contains($0) }) {
    preconditionFailure("complementary label \(outside) is outside 0 ..< \(classes)")
  }
  return Tensor(complements, shape: [complements.count, 1]).moved(to: logits.device)
}
