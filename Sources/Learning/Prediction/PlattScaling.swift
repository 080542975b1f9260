import Foundation
import Torch

/// Makes a probability of a score, by a line and the logistic function.
///
///     p(s) = σ(a s + b)
///     (a, b) = argmin Σᵢ −tᵢ log p(sᵢ) − (1 − tᵢ) log(1 − p(sᵢ)) + λ/2 ((a − a₀)² + (b − b₀)²)
///
/// Without a prior λ is 0. With one, a few scores move the line a little from (a₀, b₀) and many
/// move it freely, which is how single labels are fitted.
///
/// - Paper: Platt. Probabilistic Outputs for Support Vector Machines. 1999; with the objective and
///   the line search of Lin, Lin, Weng. A Note on Platt's Probabilistic Outputs. Machine Learning
///   68, 2007. <https://doi.org/10.1007/s10994-007-5018-6>
/// - Gradient: none, it is fitted by Newton's method.
/// - Units: natural logarithms, summed over scores; λ counts like that many scores.
/// - Departures: the paper has −a and −b. The prior is ours, the Gaussian one of a posterior mode.
///   Softened targets are left out where there is a prior, which does what they are for.
public struct PlattScaling: Codable, Hashable, Sendable {
  /// a: how fast the log-odds rise with the score.
  public var slope: Double
  /// b: the log-odds at a score of 0.
  public var offset: Double

  /// Takes a line.
  public init(slope: Double, offset: Double) {
    self.slope = slope
    self.offset = offset
  }

  /// What a line is drawn to.
  public struct Prior: Codable, Hashable, Sendable {
    /// (a₀, b₀).
    public var line: PlattScaling
    /// λ > 0.
    public var strength: Double

    /// Takes both.
    public init(_ line: PlattScaling, strength: Double) {
      self.line = line
      self.strength = strength
    }
  }

  /// The probability of a score.
  public func callAsFunction(_ score: Double) -> Double {
    let z = slope * score + offset
    // Never the exponential of a large number.
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z))
  }

  /// Fits the line.
  ///
  /// - Parameters:
  ///   - scores: finite numbers.
  ///   - outcomes: whether each came true.
  ///   - softensTargets: fits to (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2) instead of 1 and 0, the
  ///     paper's, so that the line is finite where scores separate the outcomes. Not with a prior.
  ///   - prior: what to stay close to.
  /// - Throws: `InputError` when there is no score and no prior, when the lists differ in length,
  ///   or when a score is not finite.
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
      // The decrease still to come, in a quadratic model, is half of this.
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

/// The sum that `PlattScaling` minimises.
private struct LogisticObjective {
  let scores: [Double]
  let outcomes: [Bool]
  /// Those of outcomes that are false and true.
  let targets: (Double, Double)
  let prior: PlattScaling.Prior?

  func value(at line: PlattScaling) -> Double {
    var sum = 0.0
    for index in scores.indices {
      let z = line.slope * scores[index] + line.offset
      let target = outcomes[index] ? targets.1 : targets.0
      // log(1 + eᶻ) − t z, in the form that does not overflow.
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
    // Keeps the step finite where all scores are equal.
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
      // Downhill, at least.
      return (gradientA / aa, gradientB / bb, (gradientA, gradientB))
    }
    return (
      (bb * gradientA - ab * gradientB) / determinant,
      (aa * gradientB - ab * gradientA) / determinant, (gradientA, gradientB)
    )
  }
}

/// Refuses what no probability can be fitted to.
func checkScores(_ scores: [Double], _ outcomes: [Bool], mayBeEmpty: Bool = false) throws {
  guard scores.count == outcomes.count, mayBeEmpty || !scores.isEmpty else {
    throw InputError(
      file: "scores", reason: "\(scores.count) scores of \(outcomes.count) outcomes",
      expected: "as many of one as of the other, and some")
  }
  if let index = scores.firstIndex(where: { !$0.isFinite }) {
    throw InputError(file: "scores", reason: "score \(index) is \(scores[index])")
  }
}
