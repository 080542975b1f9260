internal import Foundation
public import Torch

/// The loss `LDRKLLoss` with a temperature per example, which falls where the model is sure.
///
/// With s the scaled scores, K classes, Δ_k = s_k + c [k ≠ y] − s_y, and λ′ᵢ the example's
/// temperature after its last batch, λ₀ before the first:
///
///     q  = softmax(s / λ′ᵢ), plus 10⁻⁵ and scaled to sum 1
///     λᵢ = λ₀ − λ₀ KL(q ‖ 1 / K) / (α log K)
///     L  = λᵢ log (1 / K) Σ_k exp(Δ_k / λᵢ) − (α log K / 2 λ₀) (λᵢ − λ₀)²
///
/// - Inputs: class scores
/// - Paper: Zhu, Ying, Yang. Label Distributionally Robust Losses for Multi-class Classification:
///   Consistency, Robustness and Adaptivity. ICML 2023.
///   <https://arxiv.org/abs/2112.14869>
/// - Gradient: reaches all scores, through their scale too; temperatures are constants.
/// - Units: those of the scaled scores, averaged over examples.
/// - Departures: none from the authors' code, which this follows: we had the paper's abstract and the
///   code, not its equations.
public struct ALDRKLLoss: Codable, Hashable, Sendable {
  /// The largest temperature λ₀ > 0; default 10, the authors' code's.
  public var temperature: Double
  /// The margin c ≥ 0; default 0.1, the authors' code's.
  public var margin: Double
  /// α > 1, which keeps λᵢ above λ₀ (1 − 1 / α); default 2, the authors' code's.
  public var robustness: Double
  /// The scale of the scores; default their magnitude, the authors' code's except for CIFAR-100.
  public var normalization: ScoreNormalization

  /// Creates the loss.
  public init(
    temperature: Double = 10, margin: Double = 0.1, robustness: Double = 2,
    normalization: ScoreNormalization = .magnitude
  ) {
    self.temperature = temperature
    self.margin = margin
    self.robustness = robustness
    self.normalization = normalization
  }

  /// The loss, a scalar, and the new temperatures of the examples.
  ///
  /// - Parameters:
  ///   - scores: the class scores (logits), `[N, C]`.
  ///   - classes: the class of each example, 0 ..< C.
  ///   - temperatures: the examples' temperatures after their last batch, `[N]`; λ₀ before the first.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class and one temperature per row of the scores, N > 0; λ₀ > 0, α > 1.
  public func callAsFunction(scores: Tensor, classes: [Int], temperatures: Tensor) throws -> (
    value: Tensor, temperatures: Tensor
  ) {
    precondition(
      temperature > 0 && temperature.isFinite, "the temperature \(temperature) is not positive")
    precondition(robustness > 1, "the robustness \(robustness) is not above 1")
    precondition(
      temperatures.shape == [classes.count],
      "temperatures \(temperatures.shape) for \(classes.count) examples")
    let given = ClassScores(scores, classes: classes)
    let chance = log(Double(given.count))
    return try checked {
      let scaled = normalization(scores)
      let before = temperatures.detached().expandingDimension(at: 1)
      let raised = (scaled.detached() / before).softmax(along: 1) + 1e-5
      let shares = raised / raised.sum(along: 1, keepingDimensions: true)
      let certainty = (shares * (shares.log() + chance)).sum(along: 1)
      let now = temperature - certainty * (temperature / (robustness * chance))
      let penalty = (now - temperature).squared() * (robustness * chance / (2 * temperature))
      let margins = given.margins(of: scaled, margin: margin) / now.expandingDimension(at: 1)
      let value = now * (margins.logSumExp(along: 1) - chance) - penalty
      return (value.mean(), now)
    }
  }
}
