internal import Foundation

/// The probability that an example is clean, by a mixture of two normal distributions of losses.
///
/// Losses are scaled to 0 … 1. Expectation maximisation begins with the two clusters of least squared
/// error. The component with the smaller mean is that of clean examples:
///
///     P(clean | ℓ) = w₁ N(ℓ; μ₁, v₁) / Σ_k w_k N(ℓ; μ_k, v_k)
///
/// - Paper: Li, Socher, Hoi. DivideMix: Learning with Noisy Labels as Semi-supervised Learning. ICLR
///   2020, section 3.1. <https://arxiv.org/abs/2002.07394>
/// - Gradient: none; losses are numbers.
/// - Units: probabilities, 0 … 1.
/// - Departures: the authors fit with scikit-learn, which begins with a random k-means; in one dimension
///   the best two clusters are found exactly. The results agree wherever k-means finds them.
/// - Degenerate: if all losses are equal, every example counts as clean.
/// - Complexity: O(N log N + iterations · N) time.
public struct LossMixture: Codable, Hashable, Sendable {
  /// The largest number of iterations; default 10, the authors'.
  public var iterations: Int
  /// The gain of the mean log likelihood below which the fit ends; default 0.01, the authors'.
  public var tolerance: Double
  /// The variance added to both components; default 5 · 10⁻⁴, the authors'.
  public var extraVariance: Double

  /// Creates the fit.
  public init(iterations: Int = 10, tolerance: Double = 0.01, extraVariance: Double = 5e-4) {
    self.iterations = iterations
    self.tolerance = tolerance
    self.extraVariance = extraVariance
  }

  private struct Component {
    var weight: Double
    var mean: Double
    var variance: Double

    func logDensity(_ value: Double) -> Double {
      let apart = value - mean
      return log(weight) - 0.5 * (log(2 * .pi * variance) + apart * apart / variance)
    }
  }

  /// The probability that each example is clean.
  ///
  /// - Parameter losses: one finite loss per example.
  /// - Precondition: losses are finite; the extra variance is positive.
  public func callAsFunction(_ losses: [Double]) -> [Double] {
    precondition(extraVariance > 0, "the extra variance \(extraVariance) is not positive")
    precondition(losses.allSatisfy(\.isFinite), "a loss is not finite")
    guard let low = losses.min(), let high = losses.max(), high > low else {
      return losses.map { _ in 1 }
    }
    let values = losses.map { ($0 - low) / (high - low) }
    let border = Self.border(of: values.sorted())
    var shares = values.map { $0 < border ? 1.0 : 0 }
    var components = fit(values, shares)
    var bound = -Double.infinity
    for _ in 0..<iterations {
      let found = Self.expectation(values, components)
      shares = found.shares
      components = fit(values, shares)
      let gain = abs(found.bound - bound)
      bound = found.bound
      if gain < tolerance { break }
    }
    return Self.expectation(values, components).shares
  }

  /// The smallest value of the upper of the two clusters with least squared error.
  private static func border(of sorted: [Double]) -> Double {
    var (sum, best, result) = (0.0, -Double.infinity, sorted[sorted.count - 1])
    let total = sorted.reduce(0, +)
    for index in 1..<sorted.count {
      sum += sorted[index - 1]
      guard sorted[index] > sorted[index - 1] else { continue }
      let (count, rest) = (Double(index), Double(sorted.count - index))
      let between = sum * sum / count + (total - sum) * (total - sum) / rest
      if between > best { (best, result) = (between, sorted[index]) }
    }
    return result
  }

  /// The lower and the upper component.
  private func fit(_ values: [Double], _ shares: [Double]) -> [Component] {
    [shares, shares.map { 1 - $0 }].map { shares in
      let count = shares.reduce(0, +) + 10 * Double.ulpOfOne
      let mean = zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 } / count
      let variance =
        zip(shares, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) } / count
      return Component(
        weight: count / Double(values.count), mean: mean, variance: variance + extraVariance)
    }
  }

  /// The shares of the component with the smaller mean, and the mean log likelihood.
  private static func expectation(
    _ values: [Double], _ components: [Component]
  ) -> (shares: [Double], bound: Double) {
    let ordered = components.sorted { $0.mean < $1.mean }
    var bound = 0.0
    let shares = values.map { value in
      let logs = ordered.map { $0.logDensity(value) }
      let peak = max(logs[0], logs[1])
      let sum = peak + log(exp(logs[0] - peak) + exp(logs[1] - peak))
      bound += sum
      return exp(logs[0] - sum)
    }
    return (shares, bound / Double(values.count))
  }
}
