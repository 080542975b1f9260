import Foundation
import Storage

/// Maps scores to probabilities with a single parameter.
///
///     p(s) = σ(s / T)
///     T = argmin Σᵢ −tᵢ log p(sᵢ) − (1 − tᵢ) log(1 − p(sᵢ))
///
/// - Paper: Guo, Pleiss, Sun, Weinberger. On Calibration of Modern Neural Networks. ICML 2017.
///   <https://arxiv.org/abs/1706.04599>
/// - Gradient: none; it is fitted by Newton's method in 1 / T.
/// - Units: natural logarithms, summed over scores.
/// - Departures: the paper divides the logits of a softmax; labels that are not mutually exclusive
///   have one logistic function each.
public struct TemperatureScaling: Codable, Hashable, Sendable {
  /// T > 0.
  public var temperature: Double

  /// Creates a scaling with the given temperature.
  public init(temperature: Double) { self.temperature = temperature }

  /// The probability for a score.
  public func callAsFunction(_ score: Double) -> Double {
    PlattScaling(slope: 1 / temperature, offset: 0)(score)
  }

  /// Fits the temperature.
  ///
  /// - Parameters:
  ///   - scores: finite numbers.
  ///   - outcomes: whether each outcome was positive.
  /// - Throws: `ValueError` if there are no scores, if the lists differ in length, if a score is
  ///   not finite, or if no positive temperature is optimal: positive outcomes have low scores, or
  ///   are exactly those with scores above 0.
  /// - Complexity: O(scores) for each of at most 200 steps, typically under 10.
  public init(fitting scores: [Double], outcomes: [Bool]) throws {
    try checkScores(scores, outcomes)
    func slope(at inverse: Double) -> (first: Double, second: Double) {
      let line = PlattScaling(slope: inverse, offset: 0)
      var (first, second) = (0.0, 0.0)
      for (score, outcome) in zip(scores, outcomes) {
        let probability = line(score)
        first += (probability - (outcome ? 1 : 0)) * score
        second += probability * (1 - probability) * score * score
      }
      return (first, second)
    }
    // The derivative increases in 1 / T, so bisection brackets the root.
    let scale = scores.reduce(0) { max($0, abs($1)) }
    guard scale > 0, slope(at: 0).first < 0, slope(at: 700 / scale).first > 0 else {
      throw ValueError(
        "scores", reason: "no temperature above 0 fits \(scores.count) scores",
        expected: "positive outcomes that are more frequent, but not certain, at higher scores")
    }
    var (low, high) = (0.0, 700 / scale)
    var inverse = 1 / scale
    for _ in 0..<200 {
      let (first, second) = slope(at: inverse)
      if first > 0 { high = inverse } else { low = inverse }
      let newton = inverse - first / second
      let next = newton > low && newton < high ? newton : (low + high) / 2
      let isThere = abs(next - inverse) <= 1e-14 * next
      inverse = next
      if isThere { break }
    }
    temperature = 1 / inverse
  }
}
