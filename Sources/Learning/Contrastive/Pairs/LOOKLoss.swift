import Kernels
import Storage
public import Torch

/// The cross-entropy of a leave-one-out nearest-neighbour classifier.
///
/// Only most of the k nearest neighbours have to share an example's class, so that a class can keep
/// several clusters and its internal variation. With Nₖ(i) the k most similar rows of a memory,
/// without the example's own row oᵢ, and s the cosine:
///
///     pᵢ = Σ_{j ∈ Nₖ(i), yⱼ = yᵢ} exp(sᵢⱼ / τ) / Σ_{j ∈ Nₖ(i)} exp(sᵢⱼ / τ)
///     L  = −(1 / B) Σᵢ log pᵢ
///
/// - Inputs: class labels
/// - Paper: Feng, Jiang, Tang, Jin, Gao. Rethinking Supervised Pre-training for Better Downstream
///   Transferring. ICLR 2022. <https://arxiv.org/abs/2110.06014>
/// - Gradient: reaches the queries, and the memory if it is differentiable (the batch itself); the
///   choice of neighbours is not differentiated.
/// - Units: nats, the mean over queries.
/// - Departures: neither full text nor code was available: this is the weighted nearest-neighbour
///   classifier of Wu and others, 2018 (weights exp(s / τ)), in the leave-one-out form that the
///   abstract describes. If no neighbour has the class, log pᵢ would be −∞: the most similar row of
///   the class then joins the k.
/// - Degenerate: a query whose class is not in the memory is left out of the mean; an empty mean is
///   0.
public struct LOOKLoss: Codable, Hashable, Sendable {
  /// The number k ≥ 1 of neighbours; default 200, from the classifier of Wu and others.
  public var neighbours: Int
  /// The temperature τ > 0 that divides cosines; default 0.07, from Wu and others.
  public var temperature: Double
  /// The number of queries per block; nil means about 260 thousand similarities, our default.
  public var blockSize: Int?

  /// Creates the loss.
  public init(neighbours: Int = 200, temperature: Double = 0.07, blockSize: Int? = nil) {
    self.neighbours = neighbours
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss of queries against a memory.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`; the loss scales them to unit length.
  ///   - classes: one per query.
  ///   - memory: `[M, D]`; the loss scales them to unit length.
  ///   - memoryClasses: one per row of the memory.
  ///   - own: the memory row of each query itself, nil if there is none.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per row, own rows below M, k ≥ 1, τ > 0.
  /// - Complexity: O(B · M · D) time; O(M · block + (B + M) · D) memory.
  public func callAsFunction(
    queries: Tensor, classes: [Int], memory: Tensor, memoryClasses: [Int], own: [Int?]
  ) throws -> Tensor {
    precondition(neighbours > 0 && temperature > 0, "k = \(neighbours), τ = \(temperature)")
    precondition(
      own.count == classes.count && own.allSatisfy { ($0 ?? 0) < max(memoryClasses.count, 1) },
      "own rows \(own) of \(memoryClasses.count)")
    let known = Tensor.classes(classes, of: queries)
    let others = Tensor.classes(memoryClasses, of: memory)
    let rows = Tensor(own.map { $0 ?? -1 }).moved(to: queries.device)
    let places = Tensor.range(0..<memoryClasses.count, device: queries.device)
    let used = min(neighbours, memoryClasses.count)
    if used == 0 { return (queries.sum() + memory.sum()) * 0 }
    return try RowBlocks(blockSize: blockSize).mean(
      rows: queries.normalized(), columns: memory.normalized()
    ) { some, stored, range in
      let itself = rows[range].expandingDimension(at: 1)
        .isEqual(to: places.expandingDimension(at: 0))
      let scores = (some.matmul(stored.transposed()) * (1 / temperature))
        .replacing(where: itself, with: -.infinity)
      let same = known[range].expandingDimension(at: 1)
        .isEqual(to: others.expandingDimension(at: 0)).logicalAnd(itself.logicalNot())
      let near = scores.largest(used, along: 1)
      let voting = same.gathered(at: near.indices, along: 1)
      let counted = same.anyInRow()
      let missing = voting.anyInRow().logicalNot().logicalAnd(counted)
      let best = scores.replacing(where: same.logicalNot(), with: -.infinity)
        .maximum(along: 1, keepingDimensions: true)
        .replacing(where: missing.logicalNot().expandingDimension(at: 1), with: -.infinity)
      let ours = Tensor.concatenated(
        [near.values.replacing(where: voting.logicalNot(), with: -.infinity), best], along: 1)
      let all = Tensor.concatenated([near.values, best], along: 1)
      let unknown = counted.logicalNot()
      // Rows without a neighbour of their class would be −∞ − −∞.
      let voices = ours.replacing(where: unknown.expandingDimension(at: 1), with: 0)
        .logSumExp(along: 1)
      let votes = all.replacing(where: unknown.expandingDimension(at: 1), with: 0)
        .logSumExp(along: 1)
      let terms = (votes - voices).replacing(where: unknown, with: 0)
      return (terms.sum(), counted.converted(to: some.dtype).sum())
    }
  }
}
