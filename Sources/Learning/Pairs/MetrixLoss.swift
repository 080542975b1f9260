public import Torch

/// The multi-similarity loss of embeddings that were mixed from positives and negatives of the
/// anchor, each as positive as its positive part.
///
/// Between two classes there is nothing to compare with; mixtures fill the gap. It is added to the same
/// loss of the embeddings themselves; the paper weights it by 0.4, the authors' code by 0.4 where
/// positives are mixed with negatives and by 0.3 where anchors are. For anchor a with partners Pₐ, its
/// positives or a alone, each with a share λ, and negatives Nₐ, all or the hardest; s is the cosine:
///
///     vₚₙ = λₐₚ p̂ + (1 − λₐₚ) n̂                                     p ∈ Pₐ, n ∈ Nₐ
///     L   = mean over a of ((1 / β) log(1 + Σₚₙ      λₐₚ  exp −β(s(a, vₚₙ) − m))
///                         + (1 / γ) log(1 + Σₚₙ (1 − λₐₚ) exp  γ(s(a, vₚₙ) − m)))
///
/// - Paper: Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos, Avrithis. It Takes Two to Tango:
///   Mixup for Deep Metric Learning. ICLR 2022, the mixed loss with the multi-similarity functions.
///   <https://arxiv.org/abs/2106.04990>
/// - Gradient: reaches anchors and both parts of a mixture.
/// - Units: cosines, the mean over the anchors that have a mixture.
/// - Departures: written without the paper's full text at hand. Its pairs of positives with negatives
///   have shares of their own; here those of an anchor with one partner have one. The authors'
///   published code has the contrastive loss only, the anchor's first positive as partner and one
///   share for the batch. Mixtures are scaled to unit length, as the code's distance does.
/// - Degenerate: an anchor without partner or negative leaves the mean; an empty mean is 0.
public struct MetrixLoss: Codable, Hashable, Sendable {
  /// What negatives are mixed with.
  public enum Partner: String, Codable, Hashable, Sendable, CaseIterable {
    /// All positives of the anchor.
    case positive
    /// The anchor itself.
    case anchor
  }

  /// What chance decides for a batch.
  public struct Draw: Codable, Hashable, Sendable {
    /// The rows of each anchor's partners, none where it has no mixture.
    public var partners: [[Int]]
    /// The share λ of each partner.
    public var shares: [[Double]]

    /// Takes what was decided.
    public init(partners: [[Int]], shares: [[Double]]) {
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
  /// How many of an anchor's negatives are mixed, the most similar ones and those that tie with the
  /// last; nil, the default, is all.
  public var hardest: Int?
  /// Anchors at a time; nil, ours, is about 260 thousand similarities.
  public var blockSize: Int?

  /// Makes the loss.
  public init(
    positiveSharpness: Double = 2, negativeSharpness: Double = 50, base: Double = 0.5,
    hardest: Int? = nil, blockSize: Int? = nil
  ) {
    self.positiveSharpness = positiveSharpness
    self.negativeSharpness = negativeSharpness
    self.base = base
    self.hardest = hardest
    self.blockSize = blockSize
  }

  /// Takes the partners and draws their shares, from Beta(2, 2) as in the paper.
  public func draw(classes: [Int], partner: Partner, using random: inout SplitMix64) -> Draw {
    let members = Dictionary(grouping: classes.indices) { classes[$0] }
    var draw = Draw(partners: [], shares: [])
    for (row, own) in classes.enumerated() {
      let partners = partner == .anchor ? [row] : (members[own] ?? []).filter { $0 != row }
      draw.partners.append(partners)
      draw.shares.append(
        partners.map { _ in
          // The middle of three even draws is a draw from Beta(2, 2).
          (0..<3).map { _ in Double.random(in: 0..<1, using: &random) }.sorted()[1]
        })
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
  /// - Precondition: one class and one list of partners an embedding, a share a partner; β > 0,
  ///   γ > 0; 0 ≤ λ ≤ 1; at least one negative is mixed.
  /// - Complexity: with P partners O(N² · (D + P)) time; O(N · P · (block + D)) memory: the products
  ///   of embeddings give those of mixtures.
  public func callAsFunction(embeddings: Tensor, classes: [Int], draw: Draw) throws -> Tensor {
    precondition(
      draw.partners.count == classes.count
        && draw.partners.map(\.count) == draw.shares.map(\.count)
        && draw.shares.joined().allSatisfy { 0...1 ~= $0 }, "a draw that does not fit the batch")
    precondition(positiveSharpness > 0 && negativeSharpness > 0, "a sharpness that is not positive")
    precondition(hardest ?? 1 > 0, "\(hardest ?? 0) negatives to mix")
    let known = Tensor.classes(classes, of: embeddings)
    let unit = embeddings.normalized()
    // Where an anchor has fewer partners than others, it stands in itself and is not counted.
    let slots = (0..<(draw.partners.map(\.count).max() ?? 0)).map { slot in
      Slot(draw, number: slot, like: unit)
    }
    if slots.isEmpty { return embeddings.sum() * 0 }
    // An anchor and its partners side by side, so that a block of rows has them all.
    let rows = Tensor.concatenated(
      [unit] + slots.map { unit.gathered(rows: $0.partners) }, along: 1)
    let size = blockSize ?? max(1, RowBlocks.comparisons / max(1, classes.count * slots.count))
    return try RowBlocks(blockSize: size).mean(rows: rows, columns: unit) { rows, columns, range in
      let width = columns.size(along: 1)
      let anchors = rows.slice(0..<width, along: 1)
      let toColumns = anchors.matmul(columns.transposed())
      let negatives = hardest(of: toColumns.detached(), ClassMasks(range, of: known).negatives)
      var (pulls, pushes, masks): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
      for (number, slot) in slots.enumerated() {
        let mates = rows.slice((number + 1) * width..<(number + 2) * width, along: 1)
        let share = slot.shares[range].expandingDimension(at: 1)
        let rest = 1 - share
        let toMate = (anchors * mates).sum(along: 1, keepingDimensions: true)
        let between = mates.matmul(columns.transposed())
        let squares = (share.squared() + rest.squared() + between * share * rest * 2)
          .clamped(from: 1e-12)
        let mixed = (toMate * share + toColumns * rest) / squares.squareRoot()
        // A weight inside the sum is its logarithm beside the exponent.
        pulls.append((base - mixed) * positiveSharpness + share.log())
        pushes.append((mixed - base) * negativeSharpness + rest.log())
        masks.append(negatives.logicalAnd(slot.isPresent[range].expandingDimension(at: 1)))
      }
      let mask = Tensor.concatenated(masks, along: 1)
      let counted = mask.anyInRow()
      let pulled = Tensor.concatenated(pulls, along: 1).logOnePlusSumExp(where: mask)
      let pushed = Tensor.concatenated(pushes, along: 1).logOnePlusSumExp(where: mask)
      let terms = (pulled * (1 / positiveSharpness) + pushed * (1 / negativeSharpness))
        .replacing(where: counted.logicalNot(), with: 0)
      return (terms.sum(), counted.converted(to: rows.dtype).sum())
    }
  }

  /// The negatives that are mixed.
  private func hardest(of similarities: Tensor, _ negatives: Tensor) -> Tensor {
    guard let hardest, hardest < similarities.size(along: 1) else { return negatives }
    let others = similarities.replacing(where: negatives.logicalNot(), with: -.infinity)
    let least = others.largest(hardest, along: 1).values.minimum(along: 1, keepingDimensions: true)
    return negatives.logicalAnd(others.isLess(than: least).logicalNot())
  }
}

/// One partner of each anchor.
private struct Slot {
  /// `[N]` int64: rows.
  let partners: Tensor
  /// `[N]`: λ.
  let shares: Tensor
  /// `[N]`: whether the anchor has so many.
  let isPresent: Tensor

  init(_ draw: MetrixLoss.Draw, number: Int, like unit: Tensor) {
    let some = draw.partners.enumerated().map { row, partners in
      number < partners.count ? partners[number] : row
    }
    partners = Tensor(some).moved(to: unit.device)
    shares = Tensor(draw.shares.map { number < $0.count ? $0[number] : 0.5 })
      .converted(to: unit.dtype).moved(to: unit.device)
    isPresent = Tensor(draw.partners.map { number < $0.count }).moved(to: unit.device)
  }
}
