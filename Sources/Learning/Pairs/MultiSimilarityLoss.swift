public import Torch

/// A loss of all pairs of a batch that weighs each pair by how it compares with the anchor's others.
///
/// Pulls together what is less similar than λ within a class, pushes apart what is more similar than
/// λ between classes. With sᵢₖ the cosine of embeddings i and k, Pᵢ and Nᵢ the mined positives and
/// negatives of i:
///
///     Pᵢ = {k of the class of i, k ≠ i : sᵢₖ < max_{n of another} sᵢₙ + ε}
///     Nᵢ = {k of another class        : sᵢₖ > min_{p of the same} sᵢₚ − ε}
///     L  = (1 / N) Σᵢ ((1 / α) log(1 + Σ_{Pᵢ} exp −α(sᵢₖ − λ))
///                    + (1 / β) log(1 + Σ_{Nᵢ} exp  β(sᵢₖ − λ)))
///
/// - Paper: Wang, Han, Huang, Dong, Scott. Multi-Similarity Loss with General Pair Weighting for
///   Deep Metric Learning. CVPR 2019, section 4.
///   <https://arxiv.org/abs/1904.06627>
/// - Gradient: reaches both sides of a pair; the mining has none.
/// - Units: cosines, the mean over all N embeddings, those without mined pairs (0) included.
/// - Departures: the authors' code drops positives of similarity above 1 − 1e-5 to be rid of the
///   anchor itself, and duplicates with it; here only the anchor is left out.
/// - Degenerate: mined, an anchor without positives or without negatives adds 0; not mined, it adds
///   the term that it has.
public struct MultiSimilarityLoss: Codable, Hashable, Sendable {
  /// How sharply dissimilar positives count, α > 0; the paper has 2.
  public var positiveSharpness: Double
  /// How sharply similar negatives count, β > 0; the paper has 50.
  public var negativeSharpness: Double
  /// The similarity λ that parts positives from negatives.
  ///
  /// 0.5 is the authors' code's and pytorch-metric-learning's; the latter's documentation says that
  /// the paper has 1.
  public var base: Double
  /// The slack ε of the mining, nil for all pairs; the paper has 0.1.
  public var miningMargin: Double?
  /// Anchors at a time; nil, ours, is about a million similarities.
  public var blockSize: Int?

  /// Makes the loss.
  public init(
    positiveSharpness: Double = 2, negativeSharpness: Double = 50, base: Double = 0.5,
    miningMargin: Double? = 0.1, blockSize: Int? = nil
  ) {
    self.positiveSharpness = positiveSharpness
    self.negativeSharpness = negativeSharpness
    self.base = base
    self.miningMargin = miningMargin
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - classes: one an embedding.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class an embedding, α > 0, β > 0.
  /// - Complexity: O(N² · D) time; O(N · (block + D)) memory.
  public func callAsFunction(embeddings: Tensor, classes: [Int]) throws -> Tensor {
    precondition(
      positiveSharpness > 0 && negativeSharpness > 0,
      "sharpness \(positiveSharpness) and \(negativeSharpness) are not both positive")
    _ = Tensor.classes(classes, of: embeddings)
    let members = Dictionary(grouping: classes.indices) { classes[$0] }
    let share = 1 / Double(max(classes.count, 1))
    let unit = embeddings.normalized()
    return try PullAndPush(
      pull: (positiveSharpness, base, share / positiveSharpness),
      push: (negativeSharpness, base, share / negativeSharpness), miningMargin: miningMargin,
      blockSize: blockSize)(
        rows: unit, columns: unit, own: classes.map { members[$0] ?? [] }, leavingOutItself: true)
  }
}
