import Foundation
import Torch

/// Makes a probability of a score by one number.
///
///     p(s) = σ(s / T)
///     T = argmin Σᵢ −tᵢ log p(sᵢ) − (1 − tᵢ) log(1 − p(sᵢ))
///
/// - Paper: Guo, Pleiss, Sun, Weinberger. On Calibration of Modern Neural Networks. ICML 2017.
///   <https://arxiv.org/abs/1706.04599>
/// - Gradient: none, it is fitted by Newton's method in 1 / T.
/// - Units: natural logarithms, summed over scores.
/// - Departures: the paper divides the logits of a softmax; labels that do not exclude each other
///   have a logistic function each.
public struct TemperatureScaling: Codable, Hashable, Sendable {
  /// T > 0.
  public var temperature: Double

  /// Takes a temperature.
  public init(temperature: Double) { self.temperature = temperature }

  /// The probability of a score.
  public func callAsFunction(_ score: Double) -> Double {
    PlattScaling(slope: 1 / temperature, offset: 0)(score)
  }

  /// Fits the temperature.
  ///
  /// - Parameters:
  ///   - scores: finite numbers.
  ///   - outcomes: whether each came true.
  /// - Throws: `InputError` when there is no score, when the lists differ in length, when a score
  ///   is not finite, or when no temperature above 0 is best: outcomes come true where scores are
  ///   low, or always where they are above 0 and only there.
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
    // The derivative rises in 1 / T: the zero lies between two numbers that are drawn together.
    let scale = scores.reduce(0) { max($0, abs($1)) }
    guard scale > 0, slope(at: 0).first < 0, slope(at: 700 / scale).first > 0 else {
      throw InputError(
        file: "scores", reason: "no temperature above 0 fits \(scores.count) scores",
        expected: "outcomes that come true more often, but not only, where scores are higher")
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
