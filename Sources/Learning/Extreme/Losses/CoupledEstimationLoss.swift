public import Torch

/// Trains two models that reweight each other's negatives, to correct the bias of labels that were
/// only judged within a pool.
///
/// The relevance model r learns to rank positives above negatives; the selection model o learns
/// which candidates the annotators saw. An unlabelled candidate that was probably seen is a true
/// negative and gets more weight; one that was probably never seen may be a positive and gets less.
/// With sₚ the score of a positive and sₙ that of one of its negatives under each model:
///
///     w_r(n) = 1 / (1 − σ(oₙ / T))          w_o(n) = 1 / (1 − σ(rₙ / T))
///     L_r    = mean of w_r(n) · log(1 + exp(rₙ − rₚ)) over all pairs (p, n)
///     L_o    = mean of w_o(n) · log(1 + exp(oₙ − oₚ)) over all pairs (p, n)
///
/// - Inputs: incomplete label sets
/// - Paper: Cai, Guo, Fan, Ai, Zhang, Cheng. Hard Negatives or False Negatives: Correcting Pooling
///   Bias in Training Neural Ranking Models. CIKM 2022. <https://arxiv.org/abs/2209.05072>
/// - Gradient: L_r reaches the relevance scores only, L_o the selection scores only; weights are
///   constants. ∂L_r/∂rₙ = w_r(n) σ(rₙ − rₚ) over the number of pairs, and the negated sum at rₚ.
/// - Units: nats times a weight of at least 1, averaged over pairs. If all scores are 0, both are 2
///   log 2.
/// - Departures: the formula is that of the authors' code (`debias_ratio` is T), which has one
///   negative per positive; it was not compared with the paper's text. Weights are computed as 1 +
///   exp(o / T), which stays finite where 1 − σ rounds to 0. `normalizesWeights` is ours: it keeps
///   the step size constant.
/// - Degenerate: without pairs the loss is 0 with gradient 0.
public struct CoupledEstimationLoss: Codable, Hashable, Sendable {
  /// The temperature T > 0 of the scores in the weights; default 2, from the authors' code.
  public var weightTemperature: Double
  /// Whether the weights of a call are divided by their mean.
  public var normalizesWeights: Bool

  /// Creates the loss.
  public init(weightTemperature: Double = 2, normalizesWeights: Bool = false) {
    self.weightTemperature = weightTemperature
    self.normalizesWeights = normalizesWeights
  }

  /// Computes both losses.
  ///
  /// - Parameters:
  ///   - relevance: `[P, 1 + n]`; the relevance model's scores of each positive, then of its
  ///     negatives.
  ///   - selection: `[P, 1 + n]`; the selection model's scores of the same pairs.
  /// - Returns: the loss of each model. Add them to train both in one step.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equal shapes with at least two columns, T > 0.
  public func callAsFunction(relevance: Tensor, selection: Tensor) throws
    -> (relevance: Tensor, selection: Tensor)
  {
    precondition(
      relevance.shape == selection.shape && relevance.dimensionCount == 2
        && relevance.size(along: 1) > 1,
      "scores of shapes \(relevance.shape) and \(selection.shape), expected [P, 1 + n] twice")
    precondition(weightTemperature > 0, "T = \(weightTemperature) is not positive")
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
    // In log space: otherwise one huge score would turn all other weights into 0 / ∞.
    let logarithms = -((-z).logSigmoid())
    let total = logarithms.reshaped([-1]).logSumExp(along: 0)
    return (logarithms - total).exp() * Double(scores.elementCount)
  }
}
