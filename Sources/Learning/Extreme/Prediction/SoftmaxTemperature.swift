import Foundation
import Storage

/// Maps the scores of a document's labels, exactly one of which is right, to probabilities that add
/// up to 1, with a single parameter.
///
///     p(k | s) = exp(s_k / T) / Σⱼ exp(s_j / T)
///     T = argmin −Σᵢ log p(tᵢ | sᵢ) − λ log p(2 | (g, 0))
///
/// with tᵢ the right label of document i, and g the mean gap between the first and the second score
/// of a document.
///
/// - Paper: Guo, Pleiss, Sun, Weinberger. On Calibration of Modern Neural Networks. ICML 2017,
///   section 4.2. <https://arxiv.org/abs/1706.04599>
/// - Gradient: none; it is fitted by Newton's method in 1 / T, where the objective is convex.
/// - Units: natural logarithms, summed over documents.
/// - Departures: the paper has λ = 0. Here λ made documents have their second label right, so that T
///   stays above 0 if the first label of every document is right; 1 is our choice. A softmax over the
///   scored labels only; documents whose right label has no score are left out of the fit.
public struct SoftmaxTemperature: Codable, Hashable, Sendable {
  /// T > 0.
  public var temperature: Double

  /// Creates a scaling with the given temperature.
  public init(temperature: Double) { self.temperature = temperature }

  /// The probabilities of all scored labels of a document.
  public func callAsFunction(_ scores: some Collection<Double>) -> [Double] {
    self(scores, among: scores)
  }

  /// The probabilities of some labels of a document.
  ///
  /// - Parameter all: the scores of all labels, which the sum is over.
  public func callAsFunction(
    _ scores: some Collection<Double>, among all: some Collection<Double>
  ) -> [Double] {
    guard let largest = all.max() else { return scores.map { _ in 0 } }
    let sum = all.reduce(0) { $0 + exp(($1 - largest) / temperature) }
    return scores.map { min(exp(($0 - largest) / temperature) / sum, 1) }
  }

  /// Fits the temperature.
  ///
  /// - Parameters:
  ///   - pairs: the scores of each document; at most one pair of a document is right.
  ///   - prior: λ, at least 0.
  /// - Throws: `ValueError` if there are no scores of a right label, if a score is not finite, or if
  ///   no positive temperature is optimal: right labels have low scores.
  /// - Complexity: O(scores) for each of at most 200 steps, typically under 10.
  public init(fitting pairs: ScoredPairs, prior: Double = 1) throws {
    precondition(prior >= 0, "a prior of \(prior)")
    try checkScores(pairs.scores, pairs.outcomes)
    var rows: [(scores: ArraySlice<Double>, right: Double)] = []
    for document in 0..<pairs.documentCount {
      let range = pairs.offsets[document]..<pairs.offsets[document + 1]
      if let right = range.first(where: { pairs.outcomes[$0] }), range.count > 1 {
        rows.append((pairs.scores[range], pairs.scores[right]))
      }
    }
    let gap =
      rows.reduce(0.0) { $0 + Self.gap(of: $1.scores) } / Double(max(rows.count, 1))
    /// The derivatives of the objective by 1 / T.
    func slope(at inverse: Double) -> (first: Double, second: Double) {
      var (first, second) = (0.0, 0.0)
      for (scores, right) in rows {
        let (mean, variance) = Self.moments(of: scores, inverse: inverse)
        first += mean - right
        second += variance
      }
      let (mean, variance) = Self.moments(of: [gap, 0], inverse: inverse)
      return (first + prior * mean, second + prior * variance)
    }
    let scale = rows.reduce(0.0) { max($0, ($1.scores.max() ?? 0) - ($1.scores.min() ?? 0)) }
    var (low, high) = (0.0, scale > 0 ? 1 / scale : 0)
    var doublings = 0
    while scale > 0, doublings < 100, slope(at: high).first <= 0 {
      (low, high, doublings) = (high, 2 * high, doublings + 1)
    }
    guard scale > 0, doublings < 100, slope(at: 0).first < 0 else {
      throw ValueError(
        "scores", reason: "no temperature above 0 fits the scores of \(rows.count) documents",
        expected: "right labels that mostly have high scores")
    }
    var inverse = (low + high) / 2
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

  /// The difference between the two largest scores.
  private static func gap(of scores: ArraySlice<Double>) -> Double {
    var (first, second) = (-Double.infinity, -Double.infinity)
    for score in scores {
      if score > first { (first, second) = (score, first) } else { second = max(second, score) }
    }
    return first - second
  }

  /// The mean and the variance of scores that are drawn with their probabilities.
  private static func moments(of scores: some Collection<Double>, inverse: Double) -> (
    mean: Double, variance: Double
  ) {
    let largest = scores.max() ?? 0
    var (sum, first, second) = (0.0, 0.0, 0.0)
    for score in scores {
      // Relative to the largest score, which keeps the digits of the variance.
      let difference = score - largest
      let power = exp(difference * inverse)
      sum += power
      first += power * difference
      second += power * difference * difference
    }
    let mean = first / sum
    return (largest + mean, max(0, second / sum - mean * mean))
  }
}
