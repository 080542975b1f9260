import Kernels
import Storage
public import Torch

/// The triplet hinge loss: a positive must be closer to its anchor than a negative, by a margin.
///
/// Pulls examples of a class together until every other class is farther away by the margin. With d
/// the Euclidean distance, p in the class of a, n in another one, and T the mined triplets:
///
///     ℓ(a, p, n) = max(0, d(a, p) − d(a, n) + m)
///     all:       T = every triplet;            L = Σ_T ℓ / |{ℓ > 0}|
///     semiHard:  T = d(a, p) < d(a, n) < d(a, p) + m;            L = Σ_T ℓ / |T|
///     hard:      p the farthest, n the closest to a;             L = mean over anchors
///
/// - Inputs: class labels
/// - Paper: Schroff, Kalenichenko, Philbin. FaceNet: A Unified Embedding for Face Recognition and
///   Clustering. CVPR 2015, sections 3.1 and 3.2; `hard` and `all`: Hermans, Beyer, Leibe. In Defense
///   of the Triplet Loss for Person Re-Identification. 2017, equations 5 and 6.
///   <https://arxiv.org/abs/1503.03832> <https://arxiv.org/abs/1703.07737>
/// - Gradient: reaches anchor, positive and negative; the mining is not differentiated.
/// - Units: a distance, averaged over triplets or anchors as above. With equal embeddings `hard` is
///   m.
/// - Departures: FaceNet squares its distances and sums. Hermans and others print `all` as a sum
///   and report its mean over the triplets above 0, as here. pytorch-metric-learning scales
///   embeddings to unit length by default and averages `hard` over the anchors above 0.
/// - Degenerate: an anchor without positive or without negative is left out of the mean; an empty
///   mean is 0.
public struct TripletLoss: Codable, Hashable, Sendable {
  /// The triplets of the batch to use.
  public enum Mining: String, Codable, Hashable, Sendable, CaseIterable {
    /// Every anchor with every positive and every negative.
    case all
    /// Triplets whose negative is farther away than the positive, but by less than the margin.
    case semiHard
    /// The farthest positive with the closest negative.
    case hard
  }

  /// The margin m ≥ 0 between the two distances; default 0.2, from FaceNet.
  public var margin: Double
  /// The triplets of the batch to use; FaceNet uses semi-hard ones.
  public var mining: Mining
  /// The number of anchors per block; nil means about 260 thousand distances, our default.
  public var blockSize: Int?

  /// Creates the loss.
  public init(margin: Double = 0.2, mining: Mining = .semiHard, blockSize: Int? = nil) {
    self.margin = margin
    self.mining = mining
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`, not normalised here: scale them to unit length for FaceNet's sphere.
  ///   - classes: one per embedding.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, m ≥ 0.
  /// - Complexity: O(N² · (D + log N)) time; O(N · (block + D)) memory despite up to N³ triplets:
  ///   those of an anchor and a positive come from prefix sums over sorted negatives.
  public func callAsFunction(embeddings: Tensor, classes: [Int]) throws -> Tensor {
    precondition(margin >= 0, "a margin of \(margin)")
    let known = Tensor.classes(classes, of: embeddings)
    return try RowBlocks(blockSize: blockSize).mean(rows: embeddings, columns: embeddings) {
      rows, columns, range in
      let masks = ClassMasks(range, of: known)
      let distances = rows.distances(to: columns)
      return mining == .hard
        ? hardest(distances, masks) : summed(distances, masks)
    }
  }

  private func hardest(_ distances: Tensor, _ masks: ClassMasks) -> RowBlocks.Part {
    let counted = masks.positives.anyInRow().logicalAnd(masks.negatives.anyInRow())
    let missing = counted.logicalNot()
    let farthest = distances.replacing(where: masks.positives.logicalNot(), with: -.infinity)
      .maximum(along: 1).replacing(where: missing, with: 0)
    let closest = distances.replacing(where: masks.same, with: .infinity)
      .minimum(along: 1).replacing(where: missing, with: 0)
    let terms = (farthest - closest + margin).relu().replacing(where: missing, with: 0)
    return (terms.sum(), counted.converted(to: distances.dtype).sum())
  }

  private func summed(_ distances: Tensor, _ masks: ClassMasks) -> RowBlocks.Part {
    // Negatives sorted, all others after them; float64 because differences of prefix sums cancel.
    let sorted = distances.replacing(where: masks.same, with: .infinity).sorted(along: 1).values
    let finite = sorted.replacing(where: sorted.isFinite().logicalNot(), with: 0)
    let none = Tensor.zeros(
      [distances.size(along: 0), 1], dtype: .float64, device: distances.device)
    let running = Tensor.concatenated(
      [none, finite.converted(to: .float64).cumulativeSum(along: 1)], along: 1)
    let order = sorted.detached()
    let fixed = distances.detached()
    let upper = order.countsBelow(fixed + margin)
    let lower =
      mining == .all
      ? Tensor.zeros(like: upper) : order.countsBelow(fixed, countingEqual: true)
    let counts = (upper - lower).clamped(from: 0).replacing(
      where: masks.positives.logicalNot(), with: 0)
    let counted = counts.converted(to: .float64)
    let ofNegatives = running.gathered(at: upper, along: 1) - running.gathered(at: lower, along: 1)
    let taken = counts.isGreater(than: 0).converted(to: .float64)
    let sum = (counted * (distances.converted(to: .float64) + margin) - ofNegatives * taken).sum()
    return (sum.converted(to: distances.dtype), counted.sum().converted(to: distances.dtype))
  }
}
