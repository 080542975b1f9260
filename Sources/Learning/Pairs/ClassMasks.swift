internal import Torch

/// Which columns are positives and which are negatives of some rows, when both are one batch.
struct ClassMasks {
  /// `[B, N]`; same class, not the row itself.
  let positives: Tensor
  /// `[B, N]`; another class.
  let negatives: Tensor
  /// `[B, N]`; same class, the row itself included.
  let same: Tensor

  /// The masks of the rows of `range` among all examples.
  ///
  /// - Parameter classes: `[N]` int64.
  init(_ range: Range<Int>, of classes: Tensor) {
    let own = classes[range].expandingDimension(at: 1)
    same = own.isEqual(to: classes.expandingDimension(at: 0))
    let places = Tensor.range(0..<classes.size(along: 0), device: classes.device)
    let itself = places[range].expandingDimension(at: 1)
      .isEqual(to: places.expandingDimension(at: 0))
    positives = same.logicalAnd(itself.logicalNot())
    negatives = same.logicalNot()
  }
}

extension Tensor {
  /// Class numbers beside embeddings: int64 on their device.
  ///
  /// - Precondition: one class an embedding; embeddings are a matrix.
  static func classes(_ classes: [Int], of embeddings: Tensor) -> Tensor {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.size(along: 0) == classes.count,
      "embeddings of shape \(embeddings.shape) with \(classes.count) classes")
    return Tensor(classes).moved(to: embeddings.device)
  }

  /// Whether any element along the last axis is true, for truth values `[B, N]` → `[B]`.
  func anyInRow() -> Tensor { converted(to: .float32).maximum(along: 1).isGreater(than: 0.5) }

  /// log(1 + Σ e^x) along the last axis, over the elements where `mask` is true.
  func logOnePlusSumExp(where mask: Tensor) -> Tensor {
    let hidden = replacing(where: mask.logicalNot(), with: -.infinity)
    let one = Tensor.zeros([size(along: 0), 1], dtype: dtype, device: device)
    return Tensor.concatenated([one, hidden], along: 1).logSumExp(along: 1)
  }
}
