internal import Foundation
public import Torch

/// A temperature-scaled cross-entropy with a margin: the worst mixture of the classes' margins.
///
/// With s the scaled scores, K classes, and Δ_k = s_k + c [k ≠ y] − s_y:
///
///     L = max_p Σ_k p_k Δ_k − λ KL(p ‖ 1 / K) = λ log (1 / K) Σ_k exp(Δ_k / λ)
///
/// With unscaled scores, λ = 1 and c = 0 it is the cross-entropy less log K; for λ → 0 it is the
/// hinge of Crammer and Singer, max_k Δ_k; for λ → ∞ the mean of the margins.
///
/// - Inputs: class scores
/// - Paper: Zhu, Ying, Yang. Label Distributionally Robust Losses for Multi-class Classification:
///   Consistency, Robustness and Adaptivity. ICML 2023.
///   <https://arxiv.org/abs/2112.14869>
/// - Gradient: reaches all scores, through their scale too.
/// - Units: those of the scaled scores, averaged over examples.
/// - Departures: none from the authors' code, which scales the softplus of the scores to mean 1; λ may
///   also be 0 or infinite, with the limits above.
public struct LDRKLLoss: ClassLoss, Codable, Hashable {
  /// The temperature λ, 0 … ∞; default 10, the authors' code's.
  public var temperature: Double
  /// The margin c ≥ 0; default 0.1, the authors' code's.
  public var margin: Double
  /// The scale of the scores; default softplus, the authors' code's.
  public var normalization: ScoreNormalization

  /// Creates the loss.
  public init(
    temperature: Double = 10, margin: Double = 0.1, normalization: ScoreNormalization = .softplus
  ) {
    self.temperature = temperature
    self.margin = margin
    self.normalization = normalization
  }

  /// The loss of each example, `[N]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: `scores` is `[N, C]` with a class in `0 ..< C` for each row; settings in range.
  public func perExample(scores: Tensor, classes: [Int]) throws -> Tensor {
    precondition(temperature >= 0, "the temperature \(temperature) is negative")
    let given = ClassScores(scores, classes: classes)
    return try checked {
      let margins = given.margins(of: normalization(scores), margin: margin)
      if temperature == 0 { return margins.maximum(along: 1) }
      if temperature == .infinity { return margins.mean(along: 1) }
      let sums = (margins * (1 / temperature)).logSumExp(along: 1)
      return (sums - log(Double(given.count))) * temperature
    }
  }
}
