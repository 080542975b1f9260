public import Torch

/// One minus the average precision of a ranking, made smooth and extended from relevant or not to
/// how relevant.
///
/// Only the order counts, and mistakes at the top the most; a noisy target shifts a ranking by little.
/// With scores s, targets y in 0 … 1 and σ the logistic function, per row:
///
///     rᵢ  = 1 + Σ_{j ≠ i} σ((sⱼ − sᵢ) / τ)                       the rank of i
///     gᵢ  = 1 + Σ_{j ≠ i} min(yⱼ / yᵢ, 1) σ((sⱼ − sᵢ) / τ)       the share of it that is deserved
///     L   = 1 − Σᵢ yᵢ gᵢ / rᵢ / Σᵢ yᵢ
///
/// What is at least as relevant as i does not hurt it, what is less relevant hurts in proportion.
/// For targets of 0 and 1 it is the smooth average precision loss.
///
/// - Paper: Wen, Xu, Dai, Cong, Huang. Semantic Concentration for Self-Supervised Dense
///   Representations Learning. TPAMI 2025; the ground: Brown, Xie, Kalogeiton, Zisserman. Smooth-AP.
///   ECCV 2020. <https://arxiv.org/abs/2509.09429> <https://arxiv.org/abs/2007.12163>
/// - Gradient: reaches the scores; targets are constants.
/// - Units: 0 (every pair in the order of its targets, far apart) to 1, the mean over rows.
/// - Departures: neither the paper's full text nor its code could be had: the extension is derived
///   here from what its abstract says, with Smooth-AP and a loss of 0 at the right order as its
///   limits. The paper's targets are similarities that a following network finds between patches.
/// - Degenerate: a row whose targets are all 0 leaves the mean; an empty mean is 0.
public struct ContinuousTargetAPLoss: Codable, Hashable, Sendable {
  /// How far scores have to lie apart, τ > 0; Smooth-AP has 0.01.
  public var temperature: Double
  /// Rows at a time; nil, ours, is about 260 thousand pairs.
  public var blockSize: Int?

  /// Makes the loss.
  public init(temperature: Double = 0.01, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss of rankings.
  ///
  /// - Parameters:
  ///   - scores: `[B, M]`, such as cosines of B queries with M candidates.
  ///   - targets: `[B, M]`, 0 or more; a constant.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: equal shapes, τ > 0.
  /// - Complexity: O(B · M²) time, O(M² + B · M) memory.
  public func callAsFunction(scores: Tensor, targets: Tensor) throws -> Tensor {
    precondition(
      scores.dimensionCount == 2 && scores.shape == targets.shape,
      "scores of shape \(scores.shape), targets of shape \(targets.shape)")
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    let count = scores.size(along: 1)
    if scores.elementCount == 0 { return scores.sum() * 0 }
    let fixed = targets.detached().converted(to: scores.dtype)
    let block = blockSize ?? max(1, RowBlocks.comparisons / (count * count))
    let none = Tensor.zeros([0, 1], dtype: scores.dtype, device: scores.device)
    let itself = Tensor.identity(count, device: scores.device).isGreater(than: 0)
    return try RowBlocks(blockSize: block).mean(rows: scores, columns: none) { some, _, range in
      let wanted = fixed[range]
      // [b, i, j]: how far j stands before i.
      let before =
        ((some.expandingDimension(at: 1) - some.expandingDimension(at: 2)) * (1 / temperature))
        .sigmoid().replacing(where: itself, with: 0)
      let ratios =
        wanted.expandingDimension(at: 1)
        / wanted.clamped(from: 1e-30).expandingDimension(at: 2)
      let rank = before.sum(along: 2) + 1
      let deserved = (before * ratios.clamped(to: 1)).sum(along: 2) + 1
      let sums = wanted.sum(along: 1)
      let counted = sums.isGreater(than: 0).converted(to: some.dtype)
      let precision = (wanted * deserved / rank).sum(along: 1) / sums.clamped(from: 1e-30)
      return ((counted - precision * counted).sum(), counted.sum())
    }
  }
}
