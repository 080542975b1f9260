public import Torch

/// Two models that each weigh the other's negatives, to undo the bias of labels that were only
/// looked for in a pool.
///
/// A relevance model r is to rank positives above negatives; a selection model o is to tell what
/// the annotators got to see. An unlabelled candidate that was probably seen is a true negative
/// and counts more; one that was probably never seen may be a positive and counts less. With sₚ
/// the score of a positive and sₙ that of one of its negatives under each model:
///
///     w_r(n) = 1 / (1 − σ(oₙ / T))          w_o(n) = 1 / (1 − σ(rₙ / T))
///     L_r    = mean of w_r(n) · log(1 + exp(rₙ − rₚ)) over all pairs (p, n)
///     L_o    = mean of w_o(n) · log(1 + exp(oₙ − oₚ)) over all pairs (p, n)
///
/// - Paper: Cai, Guo, Fan, Ai, Zhang, Cheng. Hard Negatives or False Negatives: Correcting Pooling
///   Bias in Training Neural Ranking Models. CIKM 2022. <https://arxiv.org/abs/2209.05072>
/// - Gradient: that of L_r reaches the relevance scores only, that of L_o the selection scores
///   only: weights are constants. ∂L_r/∂rₙ = w_r(n) σ(rₙ − rₚ) over the number of pairs, and the
///   opposite sum at rₚ.
/// - Units: nats times a weight of at least 1, the mean over pairs. Where all scores are 0 both
///   are 2 log 2.
/// - Departures: the formula is that of the authors' code (`debias_ratio` is T), which has one
///   negative a positive; the paper's own text was not compared. Weights are computed as 1 + exp(o / T), which stays finite where
///   1 − σ rounds to 0. `normalizesWeights` is ours: it holds the step size still.
/// - Degenerate: no pairs give 0 with gradient 0.
public struct CoupledEstimationLoss: Codable, Hashable, Sendable {
  /// What scores are divided by inside the weights, T > 0; 2 in the authors' code.
  public var weightTemperature: Double
  /// Whether the weights of a call are divided by their mean.
  public var normalizesWeights: Bool

  /// Makes the loss.
  public init(weightTemperature: Double = 2, normalizesWeights: Bool = false) {
    self.weightTemperature = weightTemperature
    self.normalizesWeights = normalizesWeights
  }

  /// Both losses.
  ///
  /// - Parameters:
  ///   - relevance: `[P, 1 + n]`; the relevance model's scores of a positive, then of its negatives.
  ///   - selection: `[P, 1 + n]`; the selection model's scores of the same pairs.
  /// - Returns: the loss of each model. Add them to train both in one step.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes with two columns or more, T > 0.
  public func callAsFunction(relevance: Tensor, selection: Tensor) throws
    -> (relevance: Tensor, selection: Tensor)
  {
    precondition(
      relevance.shape == selection.shape && relevance.dimensionCount == 2
        && relevance.size(along: 1) > 1,
      "scores of shapes \(relevance.shape) and \(selection.shape), expected [P, 1 + n] twice")
    precondition(weightTemperature > 0, "T is \(weightTemperature), not positive")
    return try checked {
      (
        loss(of: relevance, weighedBy: selection.detached()),
        loss(of: selection, weighedBy: relevance.detached())
      )
    }
  }

  private func loss(of scores: Tensor, weighedBy other: Tensor) -> Tensor {
    let width = scores.size(along: 1)
    guard scores.elementCount > 0 else { return scores.sum() }
    let negatives = scores.slice(1..<width, along: 1)
    let misses = -((scores.slice(0..<1, along: 1) - negatives).logSigmoid())
    return (misses * weights(other.slice(1..<width, along: 1))).mean()
  }

  private func weights(_ scores: Tensor) -> Tensor {
    let z = scores * (1 / weightTemperature)
    guard normalizesWeights else { return z.exp() + 1 }
    // In logarithms: one huge score would make all other weights 0 / ∞.
    let logarithms = -((-z).logSigmoid())
    let total = logarithms.reshaped([-1]).logSumExp(along: 0)
    return (logarithms - total).exp() * Double(scores.elementCount)
  }
}
