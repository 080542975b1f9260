import Kernels
public import Storage
public import Torch

/// The multi-similarity loss of mixtures of an anchor's positives and negatives, each as positive
/// as its positive share.
///
/// Between two classes there are no examples to compare with; mixtures fill the gap. It is added to
/// the same loss of the embeddings themselves, with weight 0.4 in the paper; the authors' code uses
/// 0.4 if positives are mixed with negatives and 0.3 if anchors are. For anchor a with partners Pₐ,
/// its positives or a alone, each with a share λ, and negatives Nₐ, all or the hardest; s is the
/// cosine:
///
///     vₚₙ = λₐₚ p̂ + (1 − λₐₚ) n̂                                     p ∈ Pₐ, n ∈ Nₐ
///     L   = mean over a of ((1 / β) log(1 + Σₚₙ      λₐₚ  exp −β(s(a, vₚₙ) − m))
///                         + (1 / γ) log(1 + Σₚₙ (1 − λₐₚ) exp  γ(s(a, vₚₙ) − m)))
///
/// - Inputs: class labels
/// - Paper: Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos, Avrithis. It Takes Two to Tango:
///   Mixup for Deep Metric Learning. ICLR 2022, the mixed loss with the multi-similarity functions.
///   <https://arxiv.org/abs/2106.04990>
/// - Gradient: reaches anchors and both parts of a mixture.
/// - Units: cosines, averaged over the anchors that have a mixture.
/// - Departures: written without access to the paper's full text. The paper draws one share per
///   pair of a positive and a negative; here all pairs of an anchor with one partner share one. The
///   authors' published code has only the contrastive loss, the anchor's first positive as partner
///   and one share per batch. Mixtures are scaled to unit length, as in the code's distance.
/// - Degenerate: an anchor without partner or negative is left out of the mean; an empty mean is 0.
public struct MetrixLoss: Codable, Hashable, Sendable {
  /// The kind of embedding that negatives are mixed with.
  public enum Partner: String, Codable, Hashable, Sendable, CaseIterable {
    /// All positives of the anchor.
    case positive
    /// The anchor itself.
    case anchor
  }

  /// The random choices for a batch.
  public struct Draw: Codable, Hashable, Sendable {
    /// The rows of each anchor's partners; empty if it has no mixture.
    public var partners: [[Int]]
    /// The share λ of each partner.
    public var shares: [[Double]]

    /// Creates a draw from given choices.
    public init(partners: [[Int]], shares: [[Double]]) {
      self.partners = partners
      self.shares = shares
    }
  }

  /// The sharpness β > 0 for dissimilar mixtures as positives; default 2, from multi-similarity.
  public var positiveSharpness: Double
  /// The sharpness γ > 0 for similar mixtures as negatives; default 50, from multi-similarity.
  public var negativeSharpness: Double
  /// The similarity m that separates positives from negatives; default 0.5, from multi-similarity.
  public var base: Double
  /// How many of an anchor's negatives are mixed, the most similar ones and ties with the last;
  /// nil, the default, means all.
  public var hardest: Int?
  /// The number of anchors per block; nil means about 260 thousand similarities, our default.
  public var blockSize: Int?

  /// Creates the loss.
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

  /// Selects the partners and draws their shares, from Beta(2, 2) as in the paper.
  public func draw(classes: [Int], partner: Partner, using random: inout SplitMix64) -> Draw {
    let members = Dictionary(grouping: classes.indices) { classes[$0] }
    var draw = Draw(partners: [], shares: [])
    for (row, own) in classes.enumerated() {
      let partners = partner == .anchor ? [row] : (members[own] ?? []).filter { $0 != row }
      draw.partners.append(partners)
      draw.shares.append(
        partners.map { _ in
          // The median of three uniform draws has distribution Beta(2, 2).
          (0..<3).map { _ in Double.random(in: 0..<1, using: &random) }.sorted()[1]
        })
    }
    return draw
  }

  /// The loss of the mixtures of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - classes: one per embedding.
  ///   - draw: the random choices.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class and one list of partners per embedding, one share per partner; β >
  ///   0, γ > 0; 0 ≤ λ ≤ 1; at least one negative is mixed.
  /// - Complexity: with P partners O(N² · (D + P)) time; O(N · P · (block + D)) memory: products of
  ///   mixtures are computed from those of embeddings.
  public func callAsFunction(embeddings: Tensor, classes: [Int], draw: Draw) throws -> Tensor {
    precondition(
      draw.partners.count == classes.count
        && draw.partners.map(\.count) == draw.shares.map(\.count)
        && draw.shares.joined().allSatisfy { 0...1 ~= $0 }, "a draw that does not fit the batch")
    precondition(positiveSharpness > 0 && negativeSharpness > 0, "a sharpness that is not positive")
    precondition(hardest ?? 1 > 0, "\(hardest ?? 0) negatives to mix")
    let known = Tensor.classes(classes, of: embeddings)
    let unit = embeddings.normalized()
    // An anchor with fewer partners than others fills the remaining slots itself; these are masked.
    let slots = (0..<(draw.partners.map(\.count).max() ?? 0)).map { slot in
      Slot(draw, number: slot, like: unit)
    }
    if slots.isEmpty { return embeddings.sum() * 0 }
    // Anchors and partners are stacked, so that a block of rows has them all.
    let rows = Tensor.concatenated(
      [unit] + slots.map { unit.gathered(rows: $0.partners) }, along: 1)
    let size = BlockSize.rows(blockSize, columns: classes.count * slots.count)
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
        // A weight inside the sum is its logarithm in the exponent.
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

  /// The negatives to be mixed.
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
  /// `[N]`: whether the anchor has this many partners.
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
