package import Torch

/// The sums over the labels of each row that a streamed loss needs.
package enum LabelSums: Sendable {
  /// Over all labels.
  case all(ScoreSums)
  /// Over all labels but the positives.
  case others(ScoreSums)
  /// The thresholds of a sigmoid over all labels, in several sweeps.
  case thresholds(SigmoidThresholds)

  var hidesPositives: Bool {
    if case .others = self { true } else { false }
  }

  /// Whether the labels are swept over more than once: the kernels are then faster than kept scores.
  var takesSeveralSweeps: Bool {
    if case .thresholds = self { true } else { false }
  }

  var hasKernel: Bool {
    switch self {
    case .all(let sums), .others(let sums): sums.hasKernel
    case .thresholds: true
    }
  }

  /// The sums by an engine; nil where it is too coarse for these scores.
  func rowSums(of engine: some StreamedScores, _ scores: LabelScores) -> RowSums? {
    switch self {
    case .all(let sums), .others(let sums):
      RowSums(values: engine.sums(sums), labelCount: scores.totalLabelCount)
    case .thresholds(let thresholds):
      thresholds.rowSums(
        of: engine, positiveCounts: scores.positives.counts, labelCount: scores.totalLabelCount,
        dtype: scores.queries.dtype)
    }
  }
}

/// The sums over the labels of each row.
package struct RowSums {
  /// `[K, B]`, float64: the K numbers that a kind of sums has a row.
  package let values: Tensor
  /// The number of labels.
  package let labelCount: Int

  init(values: Tensor, labelCount: Int) {
    self.values = values
    self.labelCount = labelCount
  }

  /// `[B]`: the only number of a row, of `softplus` and `squaredHinges`.
  package var totals: Tensor { values[0] }

  /// `[B]`: the log-sum-exp of `exponentials`; −∞ in a row without finite scores.
  package var logSumExp: Tensor { values[0] + values[1].log() }

  /// The gradient of Σᵢ wᵢ logSumExpᵢ by the scores: the softmax of each row times its weight.
  ///
  /// - Parameter rowWeights: w, `[B]`, float64.
  package func softmax(times rowWeights: Tensor) -> ScoreGradient {
    let (peak, sum) = (values[0], values[1])
    return .exponentials(
      shift: peak.replacing(where: peak.isFinite().logicalNot(), with: 0),
      // Rows without any finite score have the sum 0 and no gradient.
      scale: (rowWeights / sum).replacing(where: sum.isEqual(to: 0), with: 0))
  }

  /// The mean and the spread of each row, of `moments`.
  package var moments: RowMoments {
    RowMoments(mean: values[0], variance: values[1] * (1 / Double(max(1, labelCount))))
  }
}

/// The mean and the spread of each row of scores.
package struct RowMoments {
  /// `[B]`, float64.
  package let mean: Tensor
  /// `[B]`, float64.
  package let variance: Tensor
  /// Rows whose scores are all equal.
  package let isFlat: Tensor
  /// The standard deviation, 1 in rows whose scores are all equal.
  package let deviation: Tensor

  /// - Parameter rounding: the relative rounding error of the mean.
  package init(mean: Tensor, variance: Tensor, rounding: Double = 1e-14) {
    self.mean = mean
    self.variance = variance
    // Where only the rounding of the mean varies; not where something is not a number.
    isFlat = variance.isLess(than: mean.squared() * (rounding * rounding))
      .logicalOr(variance.isEqual(to: 0))
    // The root of 0 has no derivative; that of 1 instead.
    deviation = variance.replacing(where: isFlat, with: 1).squareRoot()
  }
}
