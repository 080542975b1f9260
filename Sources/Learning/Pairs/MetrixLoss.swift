public import Torch

/// The multi-similarity loss of embeddings that were mixed from a positive and a negative of the
/// anchor, each as positive as its positive part.
///
/// Between two classes there is nothing to compare with; mixtures fill the gap. It is added, with a
/// weight of 0.4, to the same loss of the embeddings themselves. For anchor a with partner p, a
/// positive or a itself, and its share λ, over all negatives n of a; s is the cosine:
///
///     vₙ = λ p̂ + (1 − λ) n̂
///     L  = mean over a of ((1 / β) log(1 + Σₙ      λ  exp −β(s(a, vₙ) − m))
///                        + (1 / γ) log(1 + Σₙ (1 − λ) exp  γ(s(a, vₙ) − m)))
///
/// - Paper: Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos, Avrithis. It Takes Two to Tango:
///   Mixup for Deep Metric Learning. ICLR 2022, the mixed loss with the multi-similarity functions.
///   <https://arxiv.org/abs/2106.04990>
/// - Gradient: reaches anchors and both parts of a mixture.
/// - Units: cosines, the mean over the anchors that have a mixture.
/// - Departures: written without the paper's full text at hand. The paper mixes all positives with all negatives, N³ mixtures, of shares of their
///   own; here an anchor has one partner and one share, drawn anew each step. The authors' published
///   code has the contrastive loss only, the anchor's first positive as partner and one share for the
///   batch. Mixtures are scaled to unit length, as the code's distance does.
/// - Degenerate: an anchor without partner or negative leaves the mean; an empty mean is 0.
public struct MetrixLoss: Codable, Hashable, Sendable {
  /// What negatives are mixed with.
  public enum Partner: String, Codable, Hashable, Sendable, CaseIterable {
    /// A positive of the anchor.
    case positive
    /// The anchor itself.
    case anchor
  }

  /// What chance decides for a batch.
  public struct Draw: Codable, Hashable, Sendable {
    /// `[N]`; the row of an anchor's partner, nil where it has none.
    public var partners: [Int?]
    /// `[N]`; λ, the partner's share.
    public var shares: [Double]

    /// Takes what was decided.
    public init(partners: [Int?], shares: [Double]) {
      self.partners = partners
      self.shares = shares
    }
  }

  /// How sharply dissimilar mixtures count as positives, β > 0; multi-similarity has 2.
  public var positiveSharpness: Double
  /// How sharply similar mixtures count as negatives, γ > 0; multi-similarity has 50.
  public var negativeSharpness: Double
  /// The similarity m that parts positives from negatives; multi-similarity has 0.5.
  public var base: Double
  /// Anchors at a time; nil, ours, is about 260 thousand similarities.
  public var blockSize: Int?

  /// Makes the loss.
  public init(
    positiveSharpness: Double = 2, negativeSharpness: Double = 50, base: Double = 0.5,
    blockSize: Int? = nil
  ) {
    self.positiveSharpness = positiveSharpness
    self.negativeSharpness = negativeSharpness
    self.base = base
    self.blockSize = blockSize
  }

  /// Decides partners, evenly among the positives, and shares, from Beta(2, 2) as in the paper.
  public func draw(classes: [Int], partner: Partner, using random: inout SplitMix64) -> Draw {
    let members = Dictionary(grouping: classes.indices) { classes[$0] }
    var draw = Draw(partners: [], shares: [])
    for (row, own) in classes.enumerated() {
      let others = (members[own] ?? []).filter { $0 != row }
      let positive = others.randomElement(using: &random)
      draw.partners.append(partner == .anchor ? row : positive)
      // The middle of three even draws is a draw from Beta(2, 2).
      let three = (0..<3).map { _ in Double.random(in: 0..<1, using: &random) }.sorted()
      draw.shares.append(three[1])
    }
    return draw
  }

  /// The loss of the mixtures of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - classes: one an embedding.
  ///   - draw: what chance decided.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class, partner and share an embedding; β > 0, γ > 0; 0 ≤ λ ≤ 1.
  /// - Complexity: O(N² · D) time; O(N · (block + D)) memory: the products of embeddings give
  ///   those of mixtures.
  public func callAsFunction(embeddings: Tensor, classes: [Int], draw: Draw) throws -> Tensor {
    precondition(
      draw.partners.count == classes.count && draw.shares.count == classes.count
        && draw.shares.allSatisfy { 0...1 ~= $0 }, "a draw that does not fit the batch")
    precondition(positiveSharpness > 0 && negativeSharpness > 0, "a sharpness that is not positive")
    let known = Tensor.classes(classes, of: embeddings)
    let device = embeddings.device
    let partners = Tensor(draw.partners.enumerated().map { $0.element ?? $0.offset })
      .moved(to: device)
    let partnered = Tensor(draw.partners.map { $0 != nil }).moved(to: device)
    let shares = Tensor(draw.shares).converted(to: embeddings.dtype).moved(to: device)
    let unit = embeddings.normalized()
    // An anchor and its partner side by side, so that a block of rows has both.
    let pairs = Tensor.concatenated([unit, unit.gathered(rows: partners)], along: 1)
    return try RowBlocks(blockSize: blockSize).mean(rows: pairs, columns: unit) {
      rows, columns, range in
      let width = columns.size(along: 1)
      let anchors = rows.slice(0..<width, along: 1)
      let mates = rows.slice(width..<(2 * width), along: 1)
      let share = shares[range].expandingDimension(at: 1)
      let rest = 1 - share
      let toMate = (anchors * mates).sum(along: 1, keepingDimensions: true)
      let between = mates.matmul(columns.transposed())
      let squares = (share.squared() + rest.squared() + between * share * rest * 2)
        .clamped(from: 1e-12)
      let mixed =
        (toMate * share + anchors.matmul(columns.transposed()) * rest)
        / squares.squareRoot()
      let negatives = ClassMasks(range, of: known).negatives
      let counted = negatives.anyInRow().logicalAnd(partnered[range])
      // A weight inside the sum is its logarithm beside the exponent.
      let pulled = ((base - mixed) * positiveSharpness + share.log())
        .logOnePlusSumExp(where: negatives)
      let pushed = ((mixed - base) * negativeSharpness + rest.log())
        .logOnePlusSumExp(where: negatives)
      let terms = (pulled * (1 / positiveSharpness) + pushed * (1 / negativeSharpness))
        .replacing(where: counted.logicalNot(), with: 0)
      return (terms.sum(), counted.converted(to: rows.dtype).sum())
    }
  }
}
