import Kernels
import Torch

/// A streamed loss whose positives have a probability q each and add −log q, with a weight.
protocol PositiveCrossEntropy: StreamedLoss {
  /// log q of each positive, `[E]`.
  func logProbabilities(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> Tensor
  /// The weight of each positive's −log q, `[E]`.
  func cellWeights(_ positives: PositiveCells) -> Tensor
  /// The loss of the labels that are not positive, apart from their part in q; nil for none.
  func remainder(of sums: RowSums, positives: PositiveCells) -> Tensor?
  /// The gradient where the positives' −log q have other weights than `cellWeights`.
  ///
  /// - Parameter weights: `[E]`, float64.
  func gradient(
    of sums: RowSums, positives: PositiveCells, positiveScores: Tensor, weights: Tensor
  ) -> LossGradient
}

extension PositiveCrossEntropy {
  func remainder(of sums: RowSums, positives: PositiveCells) -> Tensor? { nil }
}

extension DecoupledSoftmaxLoss: PositiveCrossEntropy {
  func logProbabilities(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> Tensor
  {
    (positiveScores - sums.logSumExp.gathered(rows: positives.rows)).logSigmoid()
  }

  func cellWeights(_ positives: PositiveCells) -> Tensor { positives.weights }
}

extension InfoNCELoss: PositiveCrossEntropy {
  func logProbabilities(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> Tensor
  {
    positiveScores - sums.logSumExp.gathered(rows: positives.rows)
  }

  func cellWeights(_ positives: PositiveCells) -> Tensor { positives.weights }
}

extension BinaryCrossEntropyLoss: PositiveCrossEntropy {
  func logProbabilities(of sums: RowSums, positives: PositiveCells, positiveScores: Tensor)
    -> Tensor
  {
    positiveScores.logSigmoid()
  }

  func cellWeights(_ positives: PositiveCells) -> Tensor { positives.grades * positives.rowWeight }

  func remainder(of sums: RowSums, positives: PositiveCells) -> Tensor? {
    sums.totals.sum() * positives.rowWeight
  }
}
