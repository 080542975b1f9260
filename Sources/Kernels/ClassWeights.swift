import Storage
package import Torch

extension Tensor {
  /// The classes of embeddings as an int64 tensor on their device, for a matrix with one row per
  /// class.
  ///
  /// - Precondition: one class per embedding, each the index of a row of `weights`; equal widths.
  package static func classes(_ classes: [Int], of embeddings: Tensor, below weights: Tensor)
    -> Tensor
  {
    precondition(
      weights.dimensionCount == 2 && embeddings.dimensionCount == 2
        && weights.shape[1] == embeddings.shape[1],
      "embeddings of shape \(embeddings.shape) with weights of shape \(weights.shape)")
    let count = weights.size(along: 0)
    if let outside = classes.first(where: { $0 < 0 || $0 >= count }) {
      preconditionFailure("class \(outside) is outside 0 ..< \(count)")
    }
    return .classes(classes, of: embeddings)
  }
}

extension RowLogSumExp {
  /// log Σ e^s of each row over all classes except its own; −∞ if there is no other.
  package func ofOthers(_ queries: Tensor, weights: Tensor, classes: [Int]) throws -> Tensor {
    let own = CSRMatrix(
      rowOffsets: MappedArray((0...classes.count).map { Int64($0) }),
      columns: MappedArray(classes.map { Int32($0) }), columnCount: weights.size(along: 0))
    return try self(queries: queries, keys: weights, hiding: own)
  }
}
