/// Sums over the scores s of a query's labels.
///
/// Two engines compute them: the kernels of `ScoreTiles` and tensor operators on blocks of scores.
package enum ScoreSums: Sendable {
  /// `[2, B]`: a number m near the largest score, and Σ exp(s − m).
  case exponentials
  /// The same with one more label, of score 0: its log-sum-exp is log(1 + Σ exp s).
  case exponentialsAndOne
  /// `[1, B]`: Σ log(1 + eˢ).
  case softplus
  /// `[1, B]`: Σ max(0, s + 1)².
  case squaredHinges
  /// `[2, B]`: the mean of the scores, and the sum of their squared differences from it.
  ///
  /// Tensor operators only.
  case moments
  /// `[5, B]`: the number of scores above −∞, the smallest and the largest of them, and the two
  /// numbers of `exponentials` for the scores times `sharpness`.
  case bounds(sharpness: Double)
  /// `[5, B]`: with z = `sharpness` (s + t), t of `thresholds` (`[B]`, float64), and
  /// v = σ(z) (1 − σ(z)): the number of z above 0, Σ σ(z) over the others, Σ σ(−z) over those
  /// above, Σ v, and Σ v (1 − 2 σ(z)), the derivative of Σ v.
  ///
  /// Kernels only.
  case sigmoids(thresholds: Tensor, sharpness: Double)
  /// `[4, B]`: the first four numbers of `sigmoids`, as logarithms but for the first: exact where
  /// all sigmoids are saturated.
  ///
  /// Tensor operators only.
  case logSigmoids(thresholds: Tensor, sharpness: Double)

  /// The numbers of a row before its first label.
  package var initialValues: [Double] {
    switch self {
    case .exponentials: [-.infinity, 0]
    case .exponentialsAndOne: [0, 1]
    case .softplus, .squaredHinges: [0]
    case .moments: [0, 0]
    case .bounds: [0, .infinity, -.infinity, -.infinity, 0]
    case .sigmoids: [0, 0, 0, 0, 0]
    case .logSigmoids: [0, -.infinity, -.infinity, -.infinity]
    }
  }

  /// Whether `ScoreTiles` can compute them.
  package var hasKernel: Bool {
    switch self {
    case .moments, .logSigmoids: false
    default: true
    }
  }
}

/// The gradient ∂L/∂s of a score s as a function of that score.
///
/// Both engines of `ScoreSums` compute it. Numbers a row are float64 `[B]`.
package enum ScoreGradient: Sendable {
  /// `scale` exp(s − `shift`): a softmax times a number a row.
  case exponentials(shift: Tensor, scale: Tensor)
  /// `scale` σ(s).
  case sigmoids(scale: Double)
  /// `scale` max(0, s + 1).
  case hinges(scale: Double)
  /// `scale` v / exp(`logSum`), with v as in `ScoreSums.sigmoids`.
  case sigmoidDerivatives(thresholds: Tensor, sharpness: Double, logSum: Tensor, scale: Tensor)
  /// `scale` (s − `center`) + `offset`.
  ///
  /// Tensor operators only.
  case lines(center: Tensor, scale: Tensor, offset: Tensor)
}
