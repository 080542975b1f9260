import Kernels
import Storage
public import Torch

/// The contrastive loss of arbitrary pairs, each compared in the dimensions that a gate selects.
///
/// Every row i has a partner class bᵢ; all rows of that class are its positives, rows of neither
/// its class aᵢ nor bᵢ its negatives. With zⱼ the rows, gᵢ the gate of (aᵢ, bᵢ) and ∘ the
/// element-wise product:
///
///     sᵢⱼ = cos(gᵢ ∘ zᵢ, gᵢ ∘ zⱼ) / τ
///     L   = mean of log(exp sᵢⱼ + Σ_{k : aₖ ∉ {aᵢ, bᵢ}} exp sᵢₖ) − sᵢⱼ        over i, j with aⱼ = bᵢ
///
/// The norms follow from products of gᵢ ∘ gᵢ with squares, so that gated rows are never
/// materialised per pair.
///
/// - Inputs: class labels
/// - Paper: Wu, Atito, Feng, Mo, Kitler, Awais. Rethinking Positive Pairs in Contrastive Learning.
///   2024. <https://arxiv.org/abs/2410.18200>
/// - Gradient: reaches rows and gates.
/// - Units: nats, averaged over positive pairs. If all rows are equal, a row with M negatives has
///   log(M + 1).
/// - Departures: the formula follows the authors' code, `disparate_loss`. As there, a row whose
///   partner class is its own class is a positive of itself.
/// - Degenerate: without positive pairs the loss is 0, with gradient 0; a row without negatives has
///   0. A row whose gate is entirely closed has cosine 0 with all others.
public struct HydraLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.1, from the authors' code.
  public var temperature: Double

  /// Creates the loss.
  public init(temperature: Double = 0.1) { self.temperature = temperature }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - gates: `[N, D]`, the gates of each row's class and partner.
  ///   - classes: the class of each row, any integers.
  ///   - partners: the partner class of each row.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, N > 0, τ > 0.
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
      // A row without negatives keeps all scores, so that the logarithm stays finite.
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
