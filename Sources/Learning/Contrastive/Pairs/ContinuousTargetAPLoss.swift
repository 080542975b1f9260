import Kernels
import Storage
public import Torch

/// One minus a smooth average precision, extended from binary to graded relevance.
///
/// Only the order counts, and mistakes at the top count most; a noisy target changes a ranking
/// little. With scores s, targets y in 0 … 1 and σ the logistic function, per row:
///
///     rᵢ  = 1 + Σ_{j ≠ i} σ((sⱼ − sᵢ) / τ)                       the rank of i
///     gᵢ  = 1 + Σ_{j ≠ i} min(yⱼ / yᵢ, 1) σ((sⱼ − sᵢ) / τ)       the part of it that is deserved
///     L   = 1 − Σᵢ yᵢ gᵢ / rᵢ / Σᵢ yᵢ
///
/// Items at least as relevant as i do not count against it, less relevant ones do in proportion.
/// For targets of 0 and 1 this is the smooth average precision loss.
///
/// - Inputs: graded pairs
/// - Paper: Wen, Xu, Dai, Cong, Huang. Semantic Concentration for Self-Supervised Dense
///   Representations Learning. TPAMI 2025; based on: Brown, Xie, Kalogeiton, Zisserman. Smooth-AP.
///   ECCV 2020. <https://arxiv.org/abs/2509.09429> <https://arxiv.org/abs/2007.12163>
/// - Gradient: reaches the scores; targets are constants.
/// - Units: 0 (every pair ordered by target, far apart) to 1, averaged over rows.
/// - Departures: neither the paper's full text nor its code was available: the extension is derived
///   here from the abstract, with two constraints: it reduces to Smooth-AP for binary targets and
///   is 0 for the correct order. The paper's targets are similarities that a momentum network finds
///   between patches.
/// - Degenerate: a row whose targets are all 0 is left out of the mean; an empty mean is 0.
public struct ContinuousTargetAPLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 of score differences; default 0.01, from Smooth-AP.
  public var temperature: Double
  /// The number of rows per block; nil means about 260 thousand pairs, our default.
  public var blockSize: Int?

  /// Creates the loss.
  public init(temperature: Double = 0.01, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss of rankings.
  ///
  /// - Parameters:
  ///   - scores: `[B, M]`, such as cosines of B queries with M candidates.
  ///   - targets: `[B, M]`, non-negative; constant.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
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
    let block = BlockSize.rows(blockSize, columns: count * count)
    let none = Tensor.zeros([0, 1], dtype: scores.dtype, device: scores.device)
    let itself = Tensor.identity(count, device: scores.device).isGreater(than: 0)
    return try RowBlocks(blockSize: block).mean(rows: scores, columns: none) { some, _, range in
      let wanted = fixed[range]
      // [b, i, j]: how far j ranks above i.
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
