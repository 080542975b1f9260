package import Storage
package import Torch

/// The log-sum-exp of each row of a score matrix that never exists as a whole.
///
/// Contrastive losses are made of it: rows are anchors, columns the candidates they are compared
/// with. With Hᵢ the columns that row i leaves out (itself, its positives):
///
///     sᵢⱼ  = xᵢ · yⱼ / τ + bⱼ
///     LSEᵢ = log Σ_{j ∉ Hᵢ} exp sᵢⱼ
///
/// Computed like the losses over labels, `StreamedLoss`: O(B · block + B + hidden) memory besides
/// the gradients. The result of a row that leaves out all columns is −∞, with gradient 0.
package struct RowLogSumExp {
  /// The divisor of inner products, τ > 0.
  package var temperature = 1.0
  /// Columns that are scored at a time; nil chooses.
  package var blockSize: Int?
  /// ∂L/∂LSE, once it is known.
  private var rowWeights: Tensor?

  package init(temperature: Double = 1, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The log-sum-exp of each row.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - keys: `[M, D]`.
  ///   - bias: `[M]`, added to the scores; nil is 0.
  ///   - hidden: B rows of columns below M to leave out; nil for none.
  /// - Returns: `[B]`, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  package func callAsFunction(
    queries: Tensor, keys: Tensor, bias: Tensor? = nil, hiding hidden: CSRMatrix? = nil
  ) throws -> Tensor {
    let none = CSRMatrix(
      rowOffsets: MappedArray([Int64](repeating: 0, count: queries.size(along: 0) + 1)),
      columns: MappedArray([]), columnCount: keys.size(along: 0))
    return try streamed(
      queries: queries, labels: keys, bias: bias, positives: hidden ?? none)
  }
}

extension RowLogSumExp: StreamedLoss {
  package var sums: LabelSums { .others(.exponentials) }

  package func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    sums.logSumExp
  }

  package func weighted(by upstream: Tensor) -> (loss: RowLogSumExp, factor: Tensor) {
    var loss = self
    loss.rowWeights = upstream.converted(to: .float64)
    return (loss, .ones([], dtype: upstream.dtype, device: upstream.device))
  }

  package func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    guard let rowWeights else { preconditionFailure("a gradient before its weights are known") }
    return LossGradient(
      atPositives: .zeros(like: positiveScores), elsewhere: sums.softmax(times: rowWeights))
  }
}
