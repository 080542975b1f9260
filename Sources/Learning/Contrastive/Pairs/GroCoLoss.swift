import Kernels
public import Torch

/// A sorting loss: an anchor's similarities to its positives must rank above those to its hardest
/// negatives.
///
/// Only the two groups are ordered, by a relaxed sorting network, so that pairs on the wrong side
/// count and pairs in order hardly do. For the anchor xᵢ of view v, take the cosines to its K most
/// similar negatives of the same view and to the P other views, each group sorted, and Π, the
/// network's permutation of the K + P cosines, whose first K ranks are the negatives':
///
///     qⱼ = Σ_{ranks > K} Πⱼ,rank
///     ℓ  = −(1 / (K + P)) (Σ_{j positive} log qⱼ + Σ_{j negative} log (1 − qⱼ))
///     L  = mean of ℓ over examples and views
///
/// - Inputs: many views
/// - Paper: Shvetsova, Petersen, Kukleva, Schiele, Kuehne. Learning by Sorting: Self-supervised
///   Learning with Group Ordering Constraints. ICCV 2023. <https://arxiv.org/abs/2301.02009>
/// - Gradient: reaches the anchor only; positives and negatives are constants, as in the authors'
///   code.
/// - Units: nats, averaged over cosines, examples and views.
/// - Departures: none from the authors' code, from which the formula is taken because the paper's
///   full text was not available. Its two cross-entropies, of positive and of negative ranks, are
///   identical. It clamps logarithms at −100, this clamps probabilities at 1e-12.
/// - Degenerate: with fewer than K others in the batch all of them are used; without others the
///   loss is 0.
public struct GroCoLoss: Codable, Hashable, Sendable {
  /// The number K ≥ 1 of hardest negatives to sort; default 10, from the authors' code.
  public var negatives: Int
  /// The sorting network; default odd-even with Cauchy swaps and steepness 1, from the authors'
  /// code.
  public var network: SortingNetwork
  /// Anchors at a time; nil, ours, is about 260 thousand similarities.
  public var blockSize: Int?

  /// Creates the loss.
  public init(
    negatives: Int = 10,
    network: SortingNetwork = SortingNetwork(kind: .oddEven, relaxation: .cauchy, steepness: 1),
    blockSize: Int? = nil
  ) {
    self.negatives = negatives
    self.network = network
    self.blockSize = blockSize
  }

  /// The loss of the views of a batch.
  ///
  /// - Parameter views: at least two tensors `[N, D]`; the loss scales them to unit length. Row i
  ///   of each is a view of example i.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: at least two views of equal shape, K ≥ 1.
  /// - Complexity: O(V · N · (N · D + (K + V)³)) time; O(N · (block + D)) memory.
  public func callAsFunction(views: [Tensor]) throws -> Tensor {
    precondition(
      views.count > 1 && views.allSatisfy { $0.dimensionCount == 2 && $0.shape == views[0].shape },
      "views of shapes \(views.map(\.shape))")
    precondition(negatives > 0, "\(negatives) negatives")
    let others = min(negatives, views[0].size(along: 0) - 1)
    if others < 1 { return views.reduce(Tensor(0, dtype: views[0].dtype)) { $0 + $1.sum() * 0 } }
    return try checked {
      let unit = views.map { $0.normalized() }
      var total = Tensor.zeros([], dtype: unit[0].dtype, device: unit[0].device)
      for (place, anchors) in unit.enumerated() {
        let positives = unit.enumerated().filter { $0.offset != place }.map(\.element)
        total = total + (try loss(of: anchors, positives: positives, others: others))
      }
      return total * (1 / Double(views.count))
    }
  }

  private func loss(of anchors: Tensor, positives: [Tensor], others: Int) throws -> Tensor {
    let fixed = Tensor.stacked(positives.map { $0.detached() }, along: 1)
    let places = Tensor.range(0..<anchors.size(along: 0), device: anchors.device)
    return try RowBlocks(blockSize: blockSize).mean(rows: anchors, columns: anchors.detached()) {
      rows, columns, range in
      let itself = places[range].expandingDimension(at: 1)
        .isEqual(to: places.expandingDimension(at: 0))
      let hardest = rows.matmul(columns.transposed())
        .replacing(where: itself, with: -.infinity).largest(others, along: 1).values
      let near = (rows.expandingDimension(at: 1) * fixed[range]).sum(along: 2)
      let rising = Tensor.concatenated(
        [hardest.sorted(along: 1).values, near.sorted(along: 1).values],
        along: 1)
      let permutation = try network(rising).permutation
      let width = rising.size(along: 1)
      let share = permutation.slice(others..<width, along: 2).sum(along: 2)
      let right = Tensor.concatenated(
        [1 - share.slice(0..<others, along: 1), share.slice(others..<width, along: 1)], along: 1)
      let terms = -right.clamped(from: 1e-12, to: 1).log()
      return (terms.sum(), .ones(like: terms).sum())
    }
  }
}
