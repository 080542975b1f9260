import Kernels
public import Storage
public import Torch

/// A loss that is defined on the matrix of scores, such as your own loss.
///
///     struct FocalLoss: LossOverScores {
///       var temperature = 1.0
///       var focus = 2.0
///
///       func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor { … }
///     }
///
/// The matrix is stored, with its gradients: 12 bytes for each document of a batch and each label. For
/// many labels, use a loss that streams.
public protocol LossOverScores: LossOverLabels {
  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - scores: `[B, L]`, already divided by `temperature`.
  ///   - positives: the labels of each document, B rows of columns below L.
  /// - Returns: a number, differentiable in `scores`.
  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor
}

extension LossOverScores {
  /// The loss of queries `[B, D]` against all labels `[L, D]`.
  ///
  /// - Throws: the errors of the loss; `TorchError` if libtorch fails.
  /// - Complexity: O(B · L · D) time, O(B · L) memory.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor {
    try checked {
      let shard = LabelShard.current
      let queries = try shard?.joiningGradients(of: queries) ?? queries
      var scores = queries.matmul(labels.transposed()) * (1 / temperature)
      if let bias { scores = scores + bias }
      if let offset { scores = try offset.added(to: scores) }
      return try self(
        scores: shard?.gathered(scores: scores) ?? scores, positives: positives)
    }
  }
}

extension SparseLinearScores {
  /// The sum of these scores and others, `[B, L]`; both receive the gradient.
  func added(to scores: Tensor) throws -> Tensor {
    let labels = 0..<scores.size(along: 1)
    return try CustomFunction<Void>("the scores of a wide model") { inputs in
      let sum = inputs[0] + 0
      self.add(to: sum, labels: labels)
      return ([sum], ())
    } backward: { _, gradients in
      if let gradient = gradients[0] {
        self.accumulate(gradient: gradient.contiguous(), labels: labels, scale: 1)
      }
      return [gradients[0]]
    }(scores)[0]
  }
}
