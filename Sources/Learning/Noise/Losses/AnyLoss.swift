public import Torch

/// A measure of the confusion matrix as a loss, by counts of probabilities pushed towards 0 and 1.
///
/// With pᵢ = σ(sᵢ) the probability of the positive class, yᵢ ∈ {0, 1}, N examples, P positives:
///
///     aᵢ = σ(S (pᵢ − ½)),  TP = Σ yᵢ aᵢ,  FP = Σ aᵢ − TP,  TN = N − P − FP
///     F_β:               L = 1 − (1 + β²) TP / (β² P + Σ aᵢ + ε)
///     geometric mean:    L = 1 − TP · TN / (P (N − P) + ε)
///     balanced accuracy: L = 1 − ((N − P) TP + P TN) / (2 P (N − P) + ε)
///     accuracy:          L = 1 − (TP + TN) / N
///
/// - Inputs: binary scores
/// - Paper: Han, Moniz, Chawla. AnyLoss: Transforming Classification Metrics into Loss Functions. KDD
///   2024. <https://arxiv.org/abs/2405.14745>
/// - Gradient: reaches all scores; it is that of the batch's measure, not a mean over examples.
/// - Units: 0 … 1; ½ for the balanced accuracy if all aᵢ are equal.
/// - Departures: we had the authors' code for the extension of the paper, not its text. ε = 10⁻⁵, and
///   the geometric mean is without its root, as in the code.
/// - Degenerate: with one class only, F_β of no positives, the geometric mean and the balanced
///   accuracy are 0, so that the loss is 1 with gradient 0.
public struct AnyLoss: Codable, Hashable, Sendable {
  /// A measure of the confusion matrix.
  public enum Measure: Codable, Hashable, Sendable {
    /// The weighted harmonic mean of precision and recall; β = 1 gives F₁.
    case fMeasure(beta: Double)
    /// The product of the recalls of both classes, whose root is their geometric mean.
    case geometricMean
    /// The mean of the recalls of both classes.
    case balancedAccuracy
    /// The share of right predictions.
    case accuracy
  }

  /// The measure; default F₁.
  public var measure: Measure
  /// S > 0; default 30, the authors' code's for tables.
  public var steepness: Double

  /// Creates the loss.
  public init(measure: Measure = .fMeasure(beta: 1), steepness: Double = 30) {
    self.measure = measure
    self.steepness = steepness
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - scores: the logits of the positive class, `[N]`.
  ///   - positives: whether each example is positive.
  /// - Returns: a scalar.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one label per score, N > 0; S > 0.
  public func callAsFunction(scores: Tensor, positives: [Bool]) throws -> Tensor {
    precondition(
      scores.shape == [positives.count] && !positives.isEmpty,
      "scores of shape \(scores.shape) with \(positives.count) labels")
    precondition(steepness > 0, "the steepness \(steepness) is not positive")
    let count = Double(positives.count)
    let positive = Double(positives.filter { $0 }.count)
    let negative = count - positive
    let epsilon = 1e-5
    return try checked {
      let given = Tensor(positives.map { $0 ? 1.0 : 0 }).converted(to: scores.dtype)
        .moved(to: scores.device)
      let sharp = ((scores.sigmoid() - 0.5) * steepness).sigmoid()
      let hits = (sharp * given).sum()
      let total = sharp.sum()
      let rejections = hits - total + negative
      switch measure {
      case .fMeasure(let beta):
        return 1 - hits * (1 + beta * beta) / (total + (beta * beta * positive + epsilon))
      case .geometricMean:
        return 1 - hits * rejections * (1 / (positive * negative + epsilon))
      case .balancedAccuracy:
        return 1 - (hits * negative + rejections * positive)
          * (1 / (2 * positive * negative + epsilon))
      case .accuracy:
        return 1 - (hits + rejections) * (1 / count)
      }
    }
  }
}
