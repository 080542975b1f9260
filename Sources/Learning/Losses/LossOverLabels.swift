public import Torch

/// A loss over the scores of queries and labels that is streamed over blocks of labels.
///
/// What the losses of this folder have in common, and what follows from it: a temperature that is
/// learned.
public protocol LossOverLabels: Codable, Hashable, Sendable {
  /// What inner products are divided by, τ > 0.
  var temperature: Double { get set }

  /// The loss of queries `[B, D]` against all labels `[L, D]`, with a wide part's scores beside.
  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    beside: SparseLinearScores?
  ) throws -> Tensor
}

extension LossOverLabels {
  /// The loss with a temperature of τ = exp(`logTemperature`), instead of its own.
  ///
  /// The queries are divided by τ before they meet a label, so that ∂L/∂log τ = −Σ (∂L/∂s) (s − b)
  /// over all cells comes out of the queries' gradient, −Σᵢ xᵢ · ∂L/∂xᵢ, without another product.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores as it is; nil is 0.
  ///   - positives: B rows of columns below L.
  ///   - logTemperature: a number, `[]` or `[1]`, of the dtype of `queries`.
  ///   - beside: a wide part's scores, added as they are; it takes its gradient.
  /// - Returns: a number. Differentiable once, in `logTemperature` too.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, dtypes and devices are equal.
  /// - Complexity: as the loss, and O(B · D).
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    logTemperature: Tensor, beside: SparseLinearScores? = nil
  ) throws -> Tensor {
    precondition(
      logTemperature.elementCount == 1 && logTemperature.dtype == queries.dtype,
      "a log-temperature of shape \(logTemperature.shape) and \(logTemperature.dtype)")
    var plain = self
    plain.temperature = 1
    return try plain(
      queries: queries * (-logTemperature).exp(), labels: labels, bias: bias,
      positives: positives, beside: beside)
  }
}

extension DecoupledSoftmaxLoss: LossOverLabels {}
extension InfoNCELoss: LossOverLabels {}
extension BinaryCrossEntropyLoss: LossOverLabels {}
extension SquaredHingeLoss: LossOverLabels {}
extension SoftTopKLoss: LossOverLabels {}
extension ZLoss: LossOverLabels {}
extension MLCDLoss: LossOverLabels {}
