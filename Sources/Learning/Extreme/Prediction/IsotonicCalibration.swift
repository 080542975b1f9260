import Torch

/// Maps scores to probabilities with the best-fitting non-decreasing curve.
///
///     f = argmin Σᵢ (tᵢ − f(sᵢ))²   over all non-decreasing f
///
/// The fit pools adjacent violators. The curve is linear between fitted scores and constant outside
/// them.
///
/// - Paper: Zadrozny, Elkan. Transforming Classifier Scores into Accurate Multiclass Probability
///   Estimates. KDD 2002. <https://doi.org/10.1145/775047.775151>
/// - Gradient: none.
/// - Units: squared error.
/// - Departures: none. Equal scores share one value, their mean.
public struct IsotonicCalibration: Codable, Hashable, Sendable {
  /// The scores at the curve's breakpoints, ascending.
  public let scores: [Double]
  /// The probabilities at the breakpoints, non-decreasing.
  public let probabilities: [Double]

  /// The probability for a score.
  ///
  /// - Complexity: O(log breakpoints).
  public func callAsFunction(_ score: Double) -> Double {
    var (low, high) = (0, scores.count)
    while low < high {
      let middle = (low + high) / 2
      if scores[middle] <= score { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return probabilities[0] }
    guard low < scores.count else { return probabilities[scores.count - 1] }
    let share = (score - scores[low - 1]) / (scores[low] - scores[low - 1])
    return probabilities[low - 1] + share * (probabilities[low] - probabilities[low - 1])
  }

  /// Fits the curve.
  ///
  /// - Parameters:
  ///   - scores: finite numbers.
  ///   - outcomes: whether each outcome was positive.
  /// - Throws: `ValueError` if there are no scores, if the lists differ in length, or if a score is
  ///   not finite.
  /// - Complexity: O(scores · log scores).
  public init(fitting scores: [Double], outcomes: [Bool]) throws {
    try checkScores(scores, outcomes)
    var pools: [Pool] = []
    for index in scores.indices.sorted(by: { scores[$0] < scores[$1] }) {
      let outcome = outcomes[index] ? 1.0 : 0.0
      if let last = pools.last, last.first == scores[index] {
        pools[pools.count - 1].sum += outcome
        pools[pools.count - 1].count += 1
      } else {
        pools.append(Pool(first: scores[index], last: scores[index], sum: outcome, count: 1))
      }
    }
    var rising: [Pool] = []
    for pool in pools {
      rising.append(pool)
      while rising.count > 1, rising[rising.count - 2].mean >= rising[rising.count - 1].mean {
        let upper = rising.removeLast()
        rising[rising.count - 1].last = upper.last
        rising[rising.count - 1].sum += upper.sum
        rising[rising.count - 1].count += upper.count
      }
    }
    var corners: [(Double, Double)] = []
    for pool in rising {
      corners.append((pool.first, pool.mean))
      if pool.last > pool.first { corners.append((pool.last, pool.mean)) }
    }
    self.scores = corners.map(\.0)
    probabilities = corners.map(\.1)
  }

  /// Adjacent scores that share a value.
  private struct Pool {
    var first: Double
    var last: Double
    var sum: Double
    var count: Double
    var mean: Double { sum / count }
  }
}
