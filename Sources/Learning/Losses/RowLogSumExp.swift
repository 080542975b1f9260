internal import Torch

/// The log-sum-exp of each row of a score matrix that never exists as a whole.
///
/// What contrastive losses are made of: the rows are anchors, the columns whatever they are
/// compared with. With Hᵢ the columns that row i leaves out (itself, its positives):
///
///     sᵢⱼ  = xᵢ · yⱼ / τ + bⱼ
///     LSEᵢ = log Σ_{j ∉ Hᵢ} exp sᵢⱼ
///
/// Computed like the losses over labels, `StreamedLoss`: O(B · block + B + hidden) memory besides
/// the gradients. A row that leaves all columns out is −∞, with gradient 0.
struct RowLogSumExp {
  /// What inner products are divided by, τ > 0.
  var temperature = 1.0
  /// Columns that are scored at a time; nil chooses.
  var blockSize: Int?
  /// ∂L/∂LSE, once it is known.
  private var rowWeights: Tensor?

  init(temperature: Double = 1, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The log-sum-exp of each row.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - keys: `[M, D]`.
  ///   - bias: `[M]`, added to the scores; nil is 0.
  ///   - hidden: B rows of columns below M that are left out; nil leaves nothing out.
  /// - Returns: `[B]`, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  func callAsFunction(
    queries: Tensor, keys: Tensor, bias: Tensor? = nil, hiding hidden: CSRMatrix? = nil
  ) throws -> Tensor {
    let none = CSRMatrix(
      rowOffsets: MappedArray([Int64](repeating: 0, count: queries.size(along: 0) + 1)),
      columns: MappedArray([]), columnCount: keys.size(along: 0))
    return try streamed(
      queries: queries, labels: keys, bias: bias, positives: hidden ?? none, beside: nil)
  }
}

extension RowLogSumExp: StreamedLoss {
  static let name = "RowLogSumExp"
  static let hidesPositives = true

  func makePass(positives: PositiveCells, like model: Tensor) -> RunningLogSumExp {
    RunningLogSumExp(
      count: positives.counts.elementCount, dtype: model.dtype, device: model.device)
  }

  func add(_ scores: Tensor, to pass: RunningLogSumExp) { pass.add(scores) }

  var sweep: ((TileSweep, RunningLogSumExp) -> Bool)? { { $0.add(to: $1) } }

  func value(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor) -> Tensor {
    pass.value
  }

  func weighted(by upstream: Tensor) -> (loss: RowLogSumExp, factor: Tensor) {
    var loss = self
    loss.rowWeights = upstream.converted(to: .float64)
    return (loss, .ones([], dtype: upstream.dtype, device: upstream.device))
  }

  func gradient(of pass: RunningLogSumExp, positives: PositiveCells, scores: Tensor)
    -> ScoreGradient
  {
    guard let rowWeights else { preconditionFailure("a gradient before its weights are known") }
    return ScoreGradient(
      atPositives: .zeros([positives.count], dtype: .float64, device: rowWeights.device),
      writeOthers: pass.softmaxWriter(rowWeights: rowWeights))
  }
}
