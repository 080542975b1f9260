import Kernels
public import Torch

/// A margin between a pair and every other pair of its row and column, proportional to their
/// difference in relevance, in either direction.
///
/// With xᵢ and yⱼ the rows of the two sides scaled to unit length, sᵢⱼ = xᵢ · yⱼ, cᵢⱼ their
/// relevance, γ the margin, ε the difference below which relevances count as equal and λ the slack
/// in that case:
///
///     R     = cᵢᵢ − cᵢⱼ
///     m     = R γ − (sᵢᵢ − sᵢⱼ)
///     ℓᵢⱼ   = max(m, 0) if R ≥ ε,    max(|m| − λ, 0) if |R| < ε,    max(−m, 0) if R ≤ −ε
///     L     = the mean of ℓᵢⱼ and of the same with the sides swapped, over i ≠ j
///
/// - Inputs: graded pairs
/// - Paper: Wang, Wang, Chau. EVA02-AT: Egocentric Video-Language Understanding with Spatial-Temporal
///   Rotary Positional Embeddings and Symmetric Optimization. 2025; the loss is of their report
///   Symmetric Multi-Similarity Loss for EPIC-KITCHENS-100, 2024. <https://arxiv.org/abs/2506.14356>
/// - Gradient: reaches both sides if a pair is outside its margin. Relevances are constants.
/// - Units: cosines, averaged over 2N (N − 1) comparisons; 0 to 2 + γ.
/// - Departures: the formula follows the authors' code, class `SymmetricMultiSimiliarityLoss`,
///   which stores relevances in steps of 1/240; its ε is 1.1 steps.
/// - Degenerate: a single pair has loss 0.
public struct SymmetricMultiSimilarityLoss: Codable, Hashable, Sendable {
  /// The margin γ ≥ 0 of cosines per unit of relevance; default 0.6, from the authors.
  public var margin: Double
  /// The slack λ ≥ 0 between cosines of equal relevance; default 0.1, from the authors.
  public var slack: Double
  /// The difference ε ≥ 0 below which relevances count as equal; default 1.1 / 240, from the
  /// authors.
  public var tie: Double

  /// Creates the loss.
  public init(margin: Double = 0.6, slack: Double = 0.1, tie: Double = 1.1 / 240) {
    self.margin = margin
    self.slack = slack
    self.tie = tie
  }

  /// The loss of pairs.
  ///
  /// - Parameters:
  ///   - first: `[N, D]`.
  ///   - second: `[N, D]`; row i is paired with row i of `first`.
  ///   - relevance: `[N, N]`, 0 to 1: the relevance of row j of `second` to row i of `first`.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, N > 0, γ, λ and ε are non-negative.
  /// - Complexity: O(N² · D) time, O(N · D) memory and a block of a million pairs, in addition to
  ///   the relevances.
  public func callAsFunction(first: Tensor, second: Tensor, relevance: Tensor) throws -> Tensor {
    checkViews([first, second])
    let count = first.size(along: 0)
    precondition(
      relevance.shape == [count, count], "relevance of shape \(relevance.shape) for \(count) pairs")
    precondition(
      margin >= 0 && slack >= 0 && tie >= 0, "a margin of \(margin), slack \(slack), tie \(tie)")
    let (x, y, given) = try checked {
      (
        first.normalized(), second.normalized(),
        relevance.detached().converted(to: first.dtype)
      )
    }
    let forth = try oneWay(x, y, given)
    let back = try oneWay(y, x, given.transposed())
    return try checked { (forth + back) * 0.5 }
  }

  private func oneWay(_ anchors: Tensor, _ others: Tensor, _ relevance: Tensor) throws -> Tensor {
    let count = anchors.size(along: 0)
    return try RowBlocks().mean(rows: anchors, columns: others) { anchors, others, range in
      let scores = anchors.matmul(others.transposed())
      let places = Tensor.range(0..<count, device: scores.device)
      let own = places[range].expandingDimension(at: 1).isEqual(to: places)
        .converted(to: scores.dtype)
      let given = relevance[range]
      func onDiagonal(_ matrix: Tensor) -> Tensor {
        (matrix * own).sum(along: 1, keepingDimensions: true)
      }
      let differences = onDiagonal(given) - given
      let misses = differences * margin - (onDiagonal(scores) - scores)
      let terms = (misses.magnitude() - slack).relu()
        .replacing(where: differences.isLess(than: tie).logicalNot(), with: misses.relu())
        .replacing(where: differences.isGreater(than: -tie).logicalNot(), with: (-misses).relu())
      return (
        (terms * (1 - own)).sum(),
        .full([], Double(range.count * (count - 1)), dtype: scores.dtype, device: scores.device)
      )
    }
  }
}
