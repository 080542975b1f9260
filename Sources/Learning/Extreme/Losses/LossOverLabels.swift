public import Storage
public import Torch

/// A loss over the scores of queries and all labels.
///
/// Every such loss can learn its temperature, and `Trainer` trains with it. Those of this library never
/// store the score matrix. Your own loss, if it is defined on the matrix, conforms
/// to `LossOverScores`, which is shorter.
public protocol LossOverLabels: Codable, Hashable, Sendable {
  /// The softmax temperature τ > 0; inner products are divided by it.
  var temperature: Double { get set }

  /// The loss of queries `[B, D]` against all labels `[L, D]`.
  ///
  /// - Parameter offset: scores of a wide model, added unscaled; receives its own gradient.
  func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?
  ) throws -> Tensor
}

extension LossOverLabels {
  /// The loss with the learnt temperature τ = exp(`logTemperature`) instead of `temperature`.
  ///
  /// The queries are divided by τ before they meet a label, so that ∂L/∂log τ = −Σ (∂L/∂s) (s − b)
  /// over all cells comes out of the queries' gradient, −Σᵢ xᵢ · ∂L/∂xᵢ, without another product.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`, added to the scores unscaled; nil is 0.
  ///   - positives: B rows of columns below L.
  ///   - logTemperature: a number, `[]` or `[1]`, of the dtype of `queries`.
  ///   - offset: scores of a wide model, added unscaled; receives its own gradient.
  /// - Returns: a number. Differentiable once, in `logTemperature` too.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, dtypes and devices are equal.
  /// - Complexity: as the loss, and O(B · D).
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix,
    logTemperature: Tensor, offset: SparseLinearScores? = nil
  ) throws -> Tensor {
    let (loss, divided) = dividing(queries, by: logTemperature)
    return try loss(
      queries: divided, labels: labels, bias: bias, positives: positives, offset: offset)
  }

  /// The loss with temperature 1, and the queries over exp(`logTemperature`).
  func dividing(_ queries: Tensor, by logTemperature: Tensor) -> (loss: Self, queries: Tensor) {
    precondition(
      logTemperature.elementCount == 1 && logTemperature.dtype == queries.dtype,
      "a log-temperature of shape \(logTemperature.shape) and \(logTemperature.dtype)")
    var loss = self
    loss.temperature = 1
    return (loss, queries * (-logTemperature).exp())
  }
}

extension DecoupledSoftmaxLoss: LossOverLabels {}
extension InfoNCELoss: LossOverLabels {}
extension BinaryCrossEntropyLoss: LossOverLabels {}
extension SquaredHingeLoss: LossOverLabels {}
extension SoftTopKLoss: LossOverLabels {}
extension ZLoss: LossOverLabels {}
extension MLCDLoss: LossOverLabels {}
