import Kernels
public import Torch

/// A margin softmax loss whose negatives are class weights and, shared by all examples, the batch's
/// pairs of different classes that are not outliers.
///
/// Class weights alone miss the hardest negatives, pairs of the batch alone miss most classes; the
/// whisker filter drops pairs that are suspiciously similar (or dissimilar). With θᵢⱼ the angle of
/// embedding i and weight j, y the class of i, φ the margin, Q₁ and Q₃ the quartiles of the M
/// cosines c of pairs of different classes (their ⌊M / 4⌋-th and ⌊3M / 4⌋-th, counted from 0):
///
///     S⁻ = {c : Q₁ − r (Q₃ − Q₁) ≤ c ≤ Q₃ + r (Q₃ − Q₁)}
///     ℓᵢ = −log (exp s φ(θᵢᵧ) / (exp s φ(θᵢᵧ) + Σ_{j ≠ y} exp s cos θᵢⱼ + Σ_{c ∈ S⁻} exp s c))
///     L  = (1 / N) Σᵢ ℓᵢ
///
/// - Inputs: class labels with prototypes
/// - Paper: Jung, Lee, Oh, Park, Park, Son. Unified Negative Pair Generation toward
///   Well-discriminative Feature Space for Face Recognition. BMVC 2022.
///   <https://arxiv.org/abs/2203.11593>
/// - Gradient: reaches embeddings and weights, through both kinds of negatives; the quartiles are
///   not differentiated.
/// - Units: nats, averaged over examples.
/// - Departures: none from the authors' code, from which the formula is taken because the paper's
///   full text was not available. Like it, and unlike `ArcFaceLoss`, this enlarges the angle even
///   beyond π.
/// - Degenerate: a batch of one class has no pairs, which leaves the margin softmax loss. An empty
///   batch has loss 0.
public struct UNPGLoss: Codable, Hashable, Sendable {
  /// The margin by which an example must prefer its class.
  public enum Margin: Codable, Hashable, Sendable {
    /// An angle in radians added between an example and its class, as in ArcFace.
    case angle(Double)
    /// A number subtracted from the cosine, as in CosFace.
    case cosine(Double)
  }

  /// The margin φ; the authors' code uses an angle of 0.5, or 0.5 off the cosine.
  public var margin: Margin
  /// The scale s > 0 that multiplies cosines; default 64, from the authors' code.
  public var scale: Double
  /// The maximum distance r of a pair from the quartiles, in interquartile ranges; default 1.5,
  /// from the authors' code.
  public var whisker: Double
  /// The number of classes per block; nil chooses one.
  public var blockSize: Int?

  /// Creates the loss.
  public init(
    margin: Margin = .angle(0.5), scale: Double = 64, whisker: Double = 1.5,
    blockSize: Int? = nil
  ) {
    self.margin = margin
    self.scale = scale
    self.whisker = whisker
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - weights: `[C, D]`, learned; the loss scales them to unit length.
  ///   - classes: one per embedding, in 0 ..< C.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, all in 0 ..< C; equal widths; s > 0, r ≥ 0.
  /// - Complexity: O(N · (N + C) · D + N² log N) time; O(N² + N · block + C · D) memory: quartiles
  ///   need all pairs.
  public func callAsFunction(embeddings: Tensor, weights: Tensor, classes: [Int]) throws -> Tensor {
    precondition(scale > 0 && whisker >= 0, "scale \(scale), whisker \(whisker)")
    let known = Tensor.classes(classes, of: embeddings, below: weights)
    if classes.isEmpty { return embeddings.sum() * 0 }
    return try checked {
      let unit = embeddings.normalized()
      let centres = weights.normalized()
      let cosines = (unit * centres.gathered(rows: known)).sum(along: 1)
      let own =
        switch margin {
        case .angle(let angle): cosines.cosines(ofAnglesEnlargedBy: angle) * scale
        case .cosine(let part): (cosines - part) * scale
        }
      let others = try RowLogSumExp(temperature: 1 / scale, blockSize: blockSize)
        .ofOthers(unit, weights: centres, classes: classes)
      var parts = [own, others]
      if let pairs = keptPairs(of: unit, classes: known) {
        parts.append((pairs * scale).logSumExp(along: 0).expanded(to: own.shape))
      }
      return (Tensor.stacked(parts, along: 1).logSumExp(along: 1) - own).mean()
    }
  }

  /// The cosines of S⁻; nil if all classes are equal.
  func keptPairs(of unit: Tensor, classes: Tensor) -> Tensor? {
    let count = classes.elementCount
    let places = Tensor.range(0..<count, device: unit.device)
    let above = places.expandingDimension(at: 1).isLess(than: places.expandingDimension(at: 0))
    let different = classes.expandingDimension(at: 1)
      .isEqual(to: classes.expandingDimension(at: 0)).logicalNot()
    let pairs = unit.matmul(unit.transposed()).elements(where: above.logicalAnd(different))
    let pairCount = pairs.elementCount
    if pairCount == 0 { return nil }
    let sorted = pairs.detached().sorted().values
    let lower = sorted[pairCount / 4]
    let upper = sorted[3 * pairCount / 4]
    let reach = (upper - lower) * whisker
    let outside = pairs.detached().isGreater(than: upper + reach)
      .logicalOr(pairs.detached().isLess(than: lower - reach))
    return pairs.elements(where: outside.logicalNot())
  }
}
