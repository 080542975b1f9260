internal import Foundation
package import Storage

/// The symmetric beta distribution, Beta(α, α).
package struct BetaDistribution {
  /// α > 0; 1 gives the uniform distribution.
  package var concentration: Double

  /// Creates the distribution with α.
  package init(concentration: Double) { self.concentration = concentration }

  /// Draws a number from 0 to 1: the share of one of two gamma variables in their sum.
  package func draw(using random: inout SplitMix64) -> Double {
    let first = gamma(using: &random)
    let second = gamma(using: &random)
    return first + second > 0 ? first / (first + second) : 0.5
  }

  /// Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, 2000; for α < 1 scales a
  /// draw for α + 1.
  private func gamma(using random: inout SplitMix64) -> Double {
    let boosted = concentration < 1 ? concentration + 1 : concentration
    let d = boosted - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let normal = Self.normal(using: &random)
      let base = 1 + c * normal
      let uniform = Double.random(in: 0..<1, using: &random)
      guard base > 0 else { continue }
      let cube = base * base * base
      if log(1 - uniform) < normal * normal / 2 + d - d * cube + d * log(cube) {
        let scale =
          concentration < 1
          ? pow(1 - Double.random(in: 0..<1, using: &random), 1 / concentration) : 1
        return d * cube * scale
      }
    }
  }

  /// Box and Muller.
  private static func normal(using random: inout SplitMix64) -> Double {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
    return radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &random))
  }
}
