package import Torch

/// Masks of the positives and negatives of some rows of a batch among all of its rows.
package struct ClassMasks {
  /// `[B, N]`; the same class, without the row itself.
  package let positives: Tensor
  /// `[B, N]`; another class.
  package let negatives: Tensor
  /// `[B, N]`; the same class, including the row itself.
  package let same: Tensor

  /// Creates the masks of the rows of `range` among all examples.
  ///
  /// - Parameter classes: `[N]` int64.
  package init(_ range: Range<Int>, of classes: Tensor) {
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
  /// The classes of embeddings as an int64 tensor on their device.
  ///
  /// - Precondition: one class per embedding; embeddings are a matrix.
  package static func classes(_ classes: [Int], of embeddings: Tensor) -> Tensor {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.size(along: 0) == classes.count,
      "embeddings of shape \(embeddings.shape) with \(classes.count) classes")
    return Tensor(classes).moved(to: embeddings.device)
  }

  /// Whether any element along the last axis is true, for Booleans `[B, N]` → `[B]`.
  package func anyInRow() -> Tensor {
    converted(to: .float32).maximum(along: 1).isGreater(than: 0.5)
  }

  /// log(1 + Σ e^x) along the last axis, over the elements for which `mask` is true.
  package func logOnePlusSumExp(where mask: Tensor) -> Tensor {
    let hidden = replacing(where: mask.logicalNot(), with: -.infinity)
    let one = Tensor.zeros([size(along: 0), 1], dtype: dtype, device: device)
    return Tensor.concatenated([one, hidden], along: 1).logSumExp(along: 1)
  }
}
