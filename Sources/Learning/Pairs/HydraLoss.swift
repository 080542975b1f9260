public import Torch

/// The contrastive loss of arbitrary pairs, each compared in the dimensions that a gate leaves open.
///
/// Every row i is told a partner class bᵢ; all rows of that class are its positives, rows of neither
/// its own class aᵢ nor bᵢ its negatives. With zⱼ the rows, gᵢ the gate of (aᵢ, bᵢ) and ∘ the product
/// of each number:
///
///     sᵢⱼ = cos(gᵢ ∘ zᵢ, gᵢ ∘ zⱼ) / τ
///     L   = mean of log(exp sᵢⱼ + Σ_{k : aₖ ∉ {aᵢ, bᵢ}} exp sᵢₖ) − sᵢⱼ        over i, j with aⱼ = bᵢ
///
/// Products of gᵢ ∘ gᵢ with squares give the lengths, so that no row exists for each pair.
///
/// - Paper: Wu, Atito, Feng, Mo, Kitler, Awais. Rethinking Positive Pairs in Contrastive Learning.
///   2024. <https://arxiv.org/abs/2410.18200>
/// - Gradient: reaches rows and gates.
/// - Units: nats, the mean over positive pairs. Where all rows are equal, a row with M negatives has
///   log(M + 1).
/// - Departures: the formula is that of the authors' code, `disparate_loss`. As there, a row whose
///   partner class is its own is a positive of itself.
/// - Degenerate: with no positive pair at all the loss is 0, with gradient 0; a row without negatives
///   has 0. A row that a gate shuts completely has cosine 0 with all.
public struct HydraLoss: Codable, Hashable, Sendable {
  /// What cosines are divided by, τ > 0; 0.1, the default, is the authors' code's.
  public var temperature: Double

  /// Makes the loss.
  public init(temperature: Double = 0.1) { self.temperature = temperature }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - gates: `[N, D]`, those of each row's class and partner.
  ///   - classes: the class of each row, any number.
  ///   - partners: the partner class of each row.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, N > 0, τ > 0.
  /// - Complexity: O(N² · D) time, O(N · D) memory and a block of a million pairs.
  public func callAsFunction(
    embeddings: Tensor, gates: Tensor, classes: [Int], partners: [Int]
  ) throws -> Tensor {
    checkViews([embeddings, gates])
    checkTemperature(temperature)
    precondition(
      classes.count == partners.count, "\(classes.count) classes, \(partners.count) partners")
    let names = Tensor.classes(classes, of: embeddings)
    let wanted = Tensor.classes(partners, of: embeddings).expandingDimension(at: 1)
    let width = embeddings.size(along: 1)
    let both = try checked { Tensor.concatenated([embeddings, gates], along: 1) }
    return try RowBlocks().mean(rows: both, columns: embeddings) { rows, columns, range in
      let (own, gates) = (
        rows.slice(0..<width, along: 1), rows.slice(width..<(2 * width), along: 1)
      )
      let squares = gates.squared()
      func length(_ squared: Tensor) -> Tensor { squared.clamped(from: 1e-24).squareRoot() }
      let products = (squares * own).matmul(columns.transposed())
      let lengths =
        length((squares * own.squared()).sum(along: 1, keepingDimensions: true))
        * length(squares.matmul(columns.squared().transposed()))
      let scores = products / lengths * (1 / temperature)

      let positive = wanted[range].isEqual(to: names)
      let negative = names[range].expandingDimension(at: 1).isEqual(to: names)
        .logicalOr(positive).logicalNot()
      let alone = negative.anyInRow().logicalNot()
      // A row without negatives keeps all scores, so that no logarithm is of nothing.
      let pushed = scores.replacing(
        where: negative.logicalOr(alone.expandingDimension(at: 1)).logicalNot(), with: -.infinity
      ).logSumExp(along: 1).replacing(where: alone, with: -1e30)
      let gaps = pushed.expandingDimension(at: 1) - scores
      let terms = gaps.relu() + (-gaps.magnitude()).exp().logOnePlus()
      let counted = positive.converted(to: scores.dtype)
      return ((terms * counted).sum(), counted.sum())
    }
  }
}
