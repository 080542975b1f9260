package import Torch

/// The offset of a `StreamedLoss`: scores of a second model, such as a wide one, added unscaled.
package protocol AddedScores: AnyObject {
  /// The number of queries.
  var rowCount: Int { get }
  /// The number of labels.
  var labelCount: Int { get }
  /// The dtype of the scores, which are on the CPU.
  var dtype: DType { get }

  /// Adds the scores of some labels to `scores`, `[B, labels.count]`, on the CPU.
  func add(to scores: Tensor, labels: Range<Int>)
  /// Receives `scale` times ∂L/∂s of some labels, `[B, labels.count]`, on the CPU.
  func accumulate(gradient block: Tensor, labels: Range<Int>, scale: Double)
}

extension AddedScores {
  /// Adds the scores of some labels to `scores` on any device.
  func addAnywhere(to scores: Tensor, labels: Range<Int>) {
    guard scores.device.kind != .cpu else { return add(to: scores, labels: labels) }
    let current = Tensor.zeros(scores.shape, dtype: scores.dtype)
    add(to: current, labels: labels)
    scores.addInPlace(current.sent(to: scores.device))
  }
}
