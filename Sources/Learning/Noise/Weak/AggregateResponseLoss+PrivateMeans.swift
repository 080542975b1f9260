import Foundation
public import Storage

extension AggregateResponseLoss {
  /// Mean responses of bags with label-differential privacy, by the Laplace mechanism.
  ///
  /// A response y counts as min(C, max(−C, y)). Then one response moves the mean of its bag of k rows
  /// by at most 2 C / k, and noise of the scale 2 C / (k ε) hides it. Larger bags need less noise and
  /// tell less of their rows, so that one size is best.
  ///
  /// The mechanism is the standard one for the paper's setting, whose text was not available.
  public struct PrivateMeans: Codable, Hashable, Sendable {
    /// C > 0, the largest magnitude of a response.
    public var bound: Double
    /// ε > 0, the privacy budget in nats.
    public var epsilon: Double

    /// Creates the mechanism.
    public init(bound: Double, epsilon: Double) {
      self.bound = bound
      self.epsilon = epsilon
    }

    /// The scale of the noise in a bag's mean, in units of the response.
    public func noiseScale(bagSize: Int) -> Double { 2 * bound / (Double(bagSize) * epsilon) }

    /// The private mean response of each bag.
    ///
    /// - Precondition: one response per row; C, ε > 0.
    public func callAsFunction(
      _ responses: [Double], bags: Bags, using random: inout SplitMix64
    ) -> [Double] {
      precondition(bound > 0 && epsilon > 0, "bound \(bound) and ε \(epsilon), not above 0")
      precondition(
        responses.count == bags.owners.count,
        "\(responses.count) responses for \(bags.owners.count) rows")
      return bags.rows.map { rows in
        let sum = rows.reduce(0) { $0 + min(bound, max(-bound, responses[$1])) }
        // The inverse of the distribution function.
        let draw = 0.5 - Double.random(in: 0..<1, using: &random)
        let size = log1p(-2 * abs(draw).nextDown)
        let noise = noiseScale(bagSize: rows.count) * (draw < 0 ? size : -size)
        return sum / Double(rows.count) + noise
      }
    }
  }
}
