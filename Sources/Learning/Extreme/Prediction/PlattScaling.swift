import Foundation
import Storage

/// Maps scores to probabilities with a linear function and the logistic function.
///
///     p(s) = σ(a s + b)
///     (a, b) = argmin Σᵢ −tᵢ log p(sᵢ) − (1 − tᵢ) log(1 − p(sᵢ)) + λ/2 ((a − a₀)² + (b − b₀)²)
///
/// Without a prior λ is 0. With one, a few scores move the line only slightly from (a₀, b₀) and
/// many move it freely; this is how individual labels are fitted.
///
/// - Paper: Platt. Probabilistic Outputs for Support Vector Machines. 1999; with the objective and
///   the line search of Lin, Lin, Weng. A Note on Platt's Probabilistic Outputs. Machine Learning
///   68, 2007. <https://doi.org/10.1007/s10994-007-5018-6>
/// - Gradient: none; it is fitted by Newton's method.
/// - Units: natural logarithms, summed over scores; λ counts like that many scores.
/// - Departures: the paper uses −a and −b. The prior is ours, a Gaussian for the posterior mode.
///   Softened targets are not used with a prior, which has the same effect.
public struct PlattScaling: Codable, Hashable, Sendable {
  /// The slope a: how fast the log-odds grow with the score.
  public var slope: Double
  /// The offset b: the log-odds at score 0.
  public var offset: Double

  /// Creates a line.
  public init(slope: Double, offset: Double) {
    self.slope = slope
    self.offset = offset
  }

  /// A Gaussian prior on the line.
  public struct Prior: Codable, Hashable, Sendable {
    /// (a₀, b₀).
    public var line: PlattScaling
    /// λ > 0.
    public var strength: Double

    /// Creates a prior.
    public init(_ line: PlattScaling, strength: Double) {
      self.line = line
      self.strength = strength
    }
  }

  /// The probability for a score.
  public func callAsFunction(_ score: Double) -> Double {
    let z = slope * score + offset
    // Avoids the exponential of a large number.
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z))
  }

  /// Fits the line.
  ///
  /// - Parameters:
  ///   - scores: finite numbers.
  ///   - outcomes: whether each outcome was positive.
  ///   - softensTargets: fits to the paper's targets (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2) instead
  ///     of 1 and 0, so that the line is finite if scores separate the outcomes. Not with a prior.
  ///     paper's, so that the line is finite where scores separate the outcomes. Not with a prior.
  ///   - prior: the prior, nil for none.
  /// - Throws: `ValueError` if there are no scores and no prior, if the lists differ in length, or
  ///   if a score is not finite.
  /// - Complexity: O(scores) for each of at most 100 steps, typically under 10.
  public init(
    fitting scores: [Double], outcomes: [Bool], softensTargets: Bool = true, prior: Prior? = nil
  ) throws {
    try checkScores(scores, outcomes, mayBeEmpty: prior != nil)
    let positives = Double(outcomes.count(where: \.self))
    let negatives = Double(outcomes.count) - positives
    let softens = softensTargets && prior == nil
    let objective = LogisticObjective(
      scores: scores, outcomes: outcomes,
      targets: softens ? (1 / (negatives + 2), (positives + 1) / (positives + 2)) : (0, 1),
      prior: prior)
    self =
      prior?.line
      ?? PlattScaling(slope: 0, offset: log((positives + 1) / (negatives + 1)))
    var value = objective.value(at: self)
    for _ in 0..<100 {
      let step = objective.newtonStep(at: self)
      let slopeOfStep = step.gradient.slope * step.slope + step.gradient.offset * step.offset
      // A quadratic model predicts a further decrease of half of this.
      if !(slopeOfStep > 1e-13 * max(1, abs(value))) { break }
      var length = 1.0
      var moved = self
      var reached = value
      repeat {
        moved.slope = slope - length * step.slope
        moved.offset = offset - length * step.offset
        reached = objective.value(at: moved)
        length /= 2
      } while !(reached <= value - 1e-4 * 2 * length * slopeOfStep) && length > 1e-10
      if !(reached < value) { break }
      (self, value) = (moved, reached)
    }
  }
}

/// The objective of `PlattScaling`.
private struct LogisticObjective {
  let scores: [Double]
  let outcomes: [Bool]
  /// The targets of negative and positive outcomes.
  let targets: (Double, Double)
  let prior: PlattScaling.Prior?

  func value(at line: PlattScaling) -> Double {
    var sum = 0.0
    for index in scores.indices {
      let z = line.slope * scores[index] + line.offset
      let target = outcomes[index] ? targets.1 : targets.0
      // log(1 + eᶻ) − t z, in a form that cannot overflow.
      sum += max(z, 0) + log1p(exp(-abs(z))) - target * z
    }
    guard let prior else { return sum }
    let (a, b) = (line.slope - prior.line.slope, line.offset - prior.line.offset)
    return sum + prior.strength / 2 * (a * a + b * b)
  }

  func newtonStep(at line: PlattScaling) -> (
    slope: Double, offset: Double, gradient: (slope: Double, offset: Double)
  ) {
    var (gradientA, gradientB) = (0.0, 0.0)
    // Keeps the step finite if all scores are equal.
    var (aa, ab, bb) = (1e-12, 0.0, 1e-12)
    for index in scores.indices {
      let probability = line(scores[index])
      let residual = probability - (outcomes[index] ? targets.1 : targets.0)
      let weight = probability * (1 - probability)
      gradientA += residual * scores[index]
      gradientB += residual
      aa += weight * scores[index] * scores[index]
      ab += weight * scores[index]
      bb += weight
    }
    if let prior {
      gradientA += prior.strength * (line.slope - prior.line.slope)
      gradientB += prior.strength * (line.offset - prior.line.offset)
      aa += prior.strength
      bb += prior.strength
    }
    let determinant = aa * bb - ab * ab
    guard determinant > 0 else {
      // At least a descent direction.
      return (gradientA / aa, gradientB / bb, (gradientA, gradientB))
    }
    return (
      (bb * gradientA - ab * gradientB) / determinant,
      (aa * gradientB - ab * gradientA) / determinant, (gradientA, gradientB)
    )
  }
}

/// Throws unless a probability can be fitted to these scores.
func checkScores(_ scores: [Double], _ outcomes: [Bool], mayBeEmpty: Bool = false) throws {
  guard scores.count == outcomes.count, mayBeEmpty || !scores.isEmpty else {
    throw ValueError(
      "scores", reason: "\(scores.count) scores of \(outcomes.count) outcomes",
      expected: "equal numbers of both, at least one")
  }
  if let index = scores.firstIndex(where: { !$0.isFinite }) {
    throw ValueError("scores", reason: "score \(index) is \(scores[index])")
  }
}
