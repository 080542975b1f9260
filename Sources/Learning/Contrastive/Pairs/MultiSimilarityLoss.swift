import Kernels
public import Torch

/// A loss over all pairs of a batch that weighs each pair relative to the anchor's others.
///
/// Pulls together pairs within a class that are less similar than λ, pushes apart pairs between
/// classes that are more similar than λ. With sᵢₖ the cosine of embeddings i and k, Pᵢ and Nᵢ the
/// mined positives and negatives of i:
///
///     Pᵢ = {k of the class of i, k ≠ i : sᵢₖ < max_{n of another} sᵢₙ + ε}
///     Nᵢ = {k of another class        : sᵢₖ > min_{p of the same} sᵢₚ − ε}
///     L  = (1 / N) Σᵢ ((1 / α) log(1 + Σ_{Pᵢ} exp −α(sᵢₖ − λ))
///                    + (1 / β) log(1 + Σ_{Nᵢ} exp  β(sᵢₖ − λ)))
///
/// - Inputs: class labels
/// - Paper: Wang, Han, Huang, Dong, Scott. Multi-Similarity Loss with General Pair Weighting for
///   Deep Metric Learning. CVPR 2019, section 4.
///   <https://arxiv.org/abs/1904.06627>
/// - Gradient: reaches both sides of a pair; the mining is not differentiated.
/// - Units: cosines, averaged over all N embeddings, including those without mined pairs (0).
/// - Departures: the authors' code drops positives of similarity above 1 − 1e-5 to exclude the
///   anchor itself, and duplicates with it; here only the anchor is excluded.
/// - Degenerate: with mining, an anchor without positives or without negatives contributes 0;
///   without mining, it contributes the term that it has.
public struct MultiSimilarityLoss: Codable, Hashable, Sendable {
  /// The sharpness α > 0 for dissimilar positives; default 2, from the paper.
  public var positiveSharpness: Double
  /// The sharpness β > 0 for similar negatives; default 50, from the paper.
  public var negativeSharpness: Double
  /// The similarity λ that separates positives from negatives.
  ///
  /// The default of 0.5 is that of the authors' code and of pytorch-metric-learning, whose
  /// documentation says that the paper has 1.
  public var base: Double
  /// The mining slack ε, nil for all pairs; default 0.1, from the paper.
  public var miningMargin: Double?
  /// The number of anchors per block; nil means about a million similarities, our default.
  public var blockSize: Int?

  /// Creates the loss.
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
  ///   - classes: one per embedding.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, α > 0, β > 0.
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
        rows: unit, columns: unit, positives: classes.map { members[$0] ?? [] },
        leavingOutItself: true)
  }
}
