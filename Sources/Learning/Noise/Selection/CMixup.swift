internal import Kernels
public import Storage
public import Torch

/// Mixup for regression: an example is mixed with one whose target is near.
///
/// With t the targets, σ the bandwidth:
///
///     P(j | i) ∝ exp(−‖tᵢ − tⱼ‖² / 2 σ²),  λ ~ Beta(α, α)
///     x̃ = λ xᵢ + (1 − λ) xⱼ,  t̃ = λ tᵢ + (1 − λ) tⱼ
///
/// For σ → ∞ it is mixup. Mixing hidden features instead of inputs gives its variant of manifold mixup.
///
/// - Paper: Yao, Wang, Zhang, Zou, Finn. C-Mixup: Improving Generalization in Regression. NeurIPS 2022.
///   <https://arxiv.org/abs/2210.05775>
/// - Gradient: reaches the mixed rows; partners and λ are constants.
/// - Units: those of the inputs and targets.
/// - Departures: none from the authors' code: one λ per batch, and an example may be its own partner.
public struct CMixup: Codable, Hashable, Sendable {
  /// σ > 0, in units of the targets, infinite for mixup; default 1, the authors' code's.
  ///
  /// They tune it for each data set, from 0.05 to 10.
  public var bandwidth: Double
  /// α > 0; default 2, the authors' for tables.
  public var concentration: Double

  /// Creates the mixup.
  public init(bandwidth: Double = 1, concentration: Double = 2) {
    self.bandwidth = bandwidth
    self.concentration = concentration
  }

  /// P(j | i) of each example j, for some examples i: `[B, N]`.
  ///
  /// - Parameters:
  ///   - batch: the indices i.
  ///   - targets: the targets of all examples, `[N, T]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: σ > 0.
  /// - Complexity: O(B · N · T) time, O(B · N) memory.
  public func shares(of batch: [Int], targets: Tensor) throws -> Tensor {
    precondition(bandwidth > 0, "the bandwidth \(bandwidth) is not positive")
    precondition(targets.dimensionCount == 2, "targets of shape \(targets.shape)")
    return try checked {
      let own = targets.gathered(rows: Tensor(batch).moved(to: targets.device))
      let distances = own.distances(to: targets).squared()
      return (distances * (-1 / (2 * bandwidth * bandwidth))).softmax(along: 1)
    }
  }

  /// Draws a partner for each example of a batch.
  ///
  /// - Parameters:
  ///   - batch: indices of examples.
  ///   - targets: the targets of all examples, `[N, T]`.
  /// - Throws: `TorchError` if libtorch fails.
  public func partners(
    of batch: [Int], targets: Tensor, using random: inout SplitMix64
  ) throws -> [Int] {
    let drawn = batch.map { _ in [Double.random(in: 0..<1, using: &random)] }
    let shares = try shares(of: batch, targets: targets.converted(to: .float64))
    return try checked {
      let below = shares.cumulativeSum(along: 1)
        .countsBelow(Tensor(rows: drawn).moved(to: targets.device), countingEqual: true)
      // The shares sum to 1 up to rounding.
      return below.array(of: Int64.self).map { min(Int($0), targets.size(along: 0) - 1) }
    }
  }

  /// Draws λ.
  public func ratio(using random: inout SplitMix64) -> Double {
    precondition(concentration > 0, "the concentration \(concentration) is not positive")
    return BetaDistribution(concentration: concentration).draw(using: &random)
  }

  /// λ times the values of examples plus 1 − λ times those of their partners, of equal shape.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public static func mixed(_ values: Tensor, with partners: Tensor, ratio: Double) throws -> Tensor
  {
    precondition(
      values.shape == partners.shape, "values \(values.shape) with partners \(partners.shape)")
    return try checked { values * ratio + partners * (1 - ratio) }
  }
}
