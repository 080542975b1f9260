import Kernels
import Storage
import Torch

/// The loss of one call: positives add `terms` instead of −log q.
struct RobustCall<Base: PositiveCrossEntropy>: StreamedLoss {
  static var name: String { "RobustLoss" }

  let base: Base
  /// f(q) and −q f′(q) of the positives, from their log q and weights, all `[E]`.
  let terms: @Sendable (Tensor, Tensor, PositiveCells) -> (value: Tensor, factor: Tensor)

  var temperature: Double { base.temperature }
  var blockSize: Int? { base.blockSize }
  var sums: LabelSums { base.sums }

  func value(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor) -> Tensor {
    let weights = base.cellWeights(positives)
    let terms = (terms(sums, positives, positiveScores, weights).value * weights).sum()
    return base.remainder(of: sums, positives: positives).map { $0 + terms } ?? terms
  }

  func gradient(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> LossGradient
  {
    let weights = base.cellWeights(positives)
    return base.gradient(
      of: sums, positives: positives, positiveScores: positiveScores,
      weights: terms(sums, positives, positiveScores, weights).factor * weights)
  }

  private func terms(
    _ sums: RowSums, _ positives: PositiveCells, _ scores: Tensor, _ weights: Tensor
  ) -> (value: Tensor, factor: Tensor) {
    terms(
      base.logProbabilities(of: sums, positives: positives, positiveScores: scores), weights,
      positives)
  }
}

extension LossOverLabels {
  /// This loss as one with probabilities of positives.
  ///
  /// - Throws: `ValueError` if it has none.
  func withProbabilities() throws -> any PositiveCrossEntropy {
    guard let loss = self as? any PositiveCrossEntropy else {
      throw ValueError(
        "robust loss", reason: "\(Self.self) gives positives no probability",
        expected: "DecoupledSoftmaxLoss, InfoNCELoss or BinaryCrossEntropyLoss")
    }
    return loss
  }
}
