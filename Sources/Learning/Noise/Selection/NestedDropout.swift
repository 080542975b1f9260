internal import Foundation
public import Storage
public import Torch

/// Dropout that keeps the first k features, so that features are ordered by their importance.
///
/// For each batch one k of 1 … D is drawn, and features after the k-th are set to 0:
///
///     P(k) ∝ exp(−((k − μ) / σ)²)
///
/// A network that must classify by few features learns the common pattern before it memorises labels.
/// After training, the k with the best accuracy on held-out examples is used.
///
/// - Paper: Chen, Hu, Shen, Ai, Suykens. Compressing Features for Learning with Noisy Labels. TNNLS
///   2022. <https://arxiv.org/abs/2206.13140>
/// - Gradient: reaches the kept features.
/// - Units: those of the features; unlike dropout's they are not rescaled.
/// - Departures: none from the authors' code.
public struct NestedDropout: Codable, Hashable, Sendable {
  /// μ; default 0, the authors' code's.
  public var mean: Double
  /// σ > 0; default 100, the authors' for Clothing1M with 512 features.
  public var deviation: Double

  /// Creates the dropout.
  public init(mean: Double = 0, deviation: Double = 100) {
    self.mean = mean
    self.deviation = deviation
  }

  /// P(1) … P(D).
  ///
  /// - Precondition: D > 0, σ > 0.
  public func shares(width: Int) -> [Double] {
    precondition(width > 0 && deviation > 0, "\(width) features, deviation \(deviation)")
    // The largest exponent is taken out, so that one of the terms is 1.
    let exponents = (1...width).map { -pow((Double($0) - mean) / deviation, 2) }
    let terms = exponents.map { exp($0 - (exponents.max() ?? 0)) }
    let total = terms.reduce(0, +)
    return terms.map { $0 / total }
  }

  /// Draws k, 1 … D.
  public func kept(width: Int, using random: inout SplitMix64) -> Int {
    var rest = Double.random(in: 0..<1, using: &random)
    for (index, share) in shares(width: width).enumerated() {
      rest -= share
      if rest < 0 { return index + 1 }
    }
    return width
  }

  /// The features `[N, D]`, with those after the first `kept` set to 0.
  ///
  /// - Precondition: 0 ≤ kept ≤ D.
  public static func masked(_ features: Tensor, keeping kept: Int) throws -> Tensor {
    try checked {
      let width = features.size(along: 1)
      precondition((0...width).contains(kept), "\(kept) of \(width) features")
      let mask = Tensor((0..<width).map { $0 < kept ? 1.0 : 0 })
      return features * mask.converted(to: features.dtype).moved(to: features.device)
    }
  }

  /// The k with the best accuracy; every feature more must gain 10⁻⁵.
  ///
  /// - Parameter accuracies: the held-out accuracy with the first 1 … D features.
  public static func best(of accuracies: [Double]) -> Int {
    let marks = accuracies.enumerated().map { $1 - 1e-5 * Double($0) }
    return (marks.indices.max { (marks[$0], -$0) < (marks[$1], -$1) } ?? 0) + 1
  }

  /// The features of a batch with a drawn number of them kept, in training.
  public func callAsFunction(_ features: Tensor, using random: inout SplitMix64) throws -> Tensor {
    try Self.masked(features, keeping: kept(width: features.size(along: 1), using: &random))
  }
}
