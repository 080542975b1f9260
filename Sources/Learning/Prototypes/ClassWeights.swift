internal import Torch

extension Tensor {
  /// Class numbers beside embeddings and a matrix with one row a class: int64 on their device.
  ///
  /// - Precondition: one class an embedding, each the number of a row of `weights`; equal widths.
  static func classes(_ classes: [Int], of embeddings: Tensor, below weights: Tensor) -> Tensor {
    precondition(
      weights.dimensionCount == 2 && embeddings.dimensionCount == 2
        && weights.shape[1] == embeddings.shape[1],
      "embeddings of shape \(embeddings.shape) with weights of shape \(weights.shape)")
    let count = weights.size(along: 0)
    if let outside = classes.first(where: { $0 < 0 || $0 >= count }) {
      preconditionFailure("class \(outside) of \(count)")
    }
    return .classes(classes, of: embeddings)
  }
}

extension RowLogSumExp {
  /// log Σ e^s of each row over the classes that are not its own; −∞ where there is no other.
  func ofOthers(_ queries: Tensor, weights: Tensor, classes: [Int]) throws -> Tensor {
    let own = CSRMatrix(
      rowOffsets: MappedArray((0...classes.count).map { Int64($0) }),
      columns: MappedArray(classes.map { Int32($0) }), columnCount: weights.size(along: 0))
    return try self(queries: queries, keys: weights, hiding: own)
  }
}
