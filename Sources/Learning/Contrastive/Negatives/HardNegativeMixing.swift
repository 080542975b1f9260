import Kernels
public import Storage
public import Torch

/// Synthesises negatives for a query by mixing its hardest ones with each other and with the query.
///
/// With ñ₁ … ñ_N the N highest-scoring negatives of the query q, i ≠ j and n drawn from them, α
/// drawn from (0, 1) and β from (0, ½):
///
///     h  = α ñᵢ + (1 − α) ñⱼ,    h / ‖h‖         s times
///     h′ = β q + (1 − β) ñₙ,     h′ / ‖h′‖       s′ times
///
/// β < ½ gives the negative the larger share. The new negatives join the denominator of a
/// contrastive loss.
///
/// - Paper: Kalantidis, Sariyildiz, Pion, Weinzaepfel, Larlus. Hard Negative Mixing for Contrastive
///   Learning. NeurIPS 2020. <https://arxiv.org/abs/2010.01028>
/// - Gradient: none reaches the queries or negatives through the mixtures; a score ⟨q, h⟩ has the
///   gradient h with respect to q.
/// - Units: mixtures are unit vectors. The paper also mixes unit vectors, and only after some
///   epochs.
/// - Departures: none from the paper. One public implementation picks the partners of all queries
///   from the first query's hardest negatives; another permits i = j.
/// - Degenerate: opposite vectors whose mixture is 0 stay 0. With one negative, i = j.
public struct HardNegativeMixing: Codable, Hashable, Sendable {
  /// The number N ≥ 1 of hardest negatives to mix.
  public var hardest: Int
  /// The number s of mixtures of two negatives.
  public var mixtures: Int
  /// The number s′ of mixtures of a negative with the query.
  public var queryMixtures: Int

  /// Creates a mixing; the paper writes (N, s, s′).
  public init(hardest: Int, mixtures: Int, queryMixtures: Int) {
    self.hardest = hardest
    self.mixtures = mixtures
    self.queryMixtures = queryMixtures
  }

  /// The random choices for a batch.
  public struct Draw: Sendable, Equatable {
    /// `[B][s]`; the ranks i and j among the hardest.
    public var pairs: [[(Int, Int)]]
    /// `[B][s]`; α.
    public var pairShares: [[Double]]
    /// `[B][s′]`; the rank n among the hardest.
    public var partners: [[Int]]
    /// `[B][s′]`; β.
    public var queryShares: [[Double]]

    /// Creates a draw from given choices.
    public init(
      pairs: [[(Int, Int)]], pairShares: [[Double]], partners: [[Int]], queryShares: [[Double]]
    ) {
      self.pairs = pairs
      self.pairShares = pairShares
      self.partners = partners
      self.queryShares = queryShares
    }

    /// Whether both draws are equal.
    public static func == (left: Draw, right: Draw) -> Bool {
      left.pairShares == right.pairShares && left.partners == right.partners
        && left.queryShares == right.queryShares
        && left.pairs.map { $0.map { [$0.0, $0.1] } }
          == right.pairs.map { $0.map { [$0.0, $0.1] } }
    }
  }

  /// Draws the mixtures for `rows` queries with `available` negatives each.
  ///
  /// - Precondition: at least one negative.
  public func draw(rows: Int, available: Int, using random: inout SplitMix64) -> Draw {
    let count = min(hardest, available)
    precondition(count >= 1, "there is nothing to mix")
    var draw = Draw(pairs: [], pairShares: [], partners: [], queryShares: [])
    for _ in 0..<rows {
      draw.pairs.append(
        (0..<mixtures).map { _ in
          let first = Int.random(in: 0..<count, using: &random)
          let step = count > 1 ? Int.random(in: 1..<count, using: &random) : 0
          return (first, (first + step) % count)
        })
      draw.pairShares.append(
        (0..<mixtures).map { _ in Double.random(in: 0..<1, using: &random) })
      draw.partners.append(
        (0..<queryMixtures).map { _ in Int.random(in: 0..<count, using: &random) })
      draw.queryShares.append(
        (0..<queryMixtures).map { _ in Double.random(in: 0..<0.5, using: &random) })
    }
    return draw
  }

  /// The mixtures of each query.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - negatives: `[L, D]`; candidates for all queries.
  ///   - positives: `[B, L]`; never used as negatives of their query.
  ///   - draw: the random choices, with ranks below the number of each query's negatives.
  /// - Returns: `[B, s + s′, D]`, constants.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match; every query has a negative for each rank drawn.
  public func callAsFunction(
    queries: Tensor, negatives: Tensor, positives: CSRMatrix, draw: Draw
  ) throws -> Tensor {
    let rows = queries.size(along: 0)
    precondition(
      positives.rowCount == rows && positives.columnCount == negatives.size(along: 0)
        && draw.pairs.count == rows, "shapes that do not fit")
    return try checked {
      withoutGradients {
        let scores = queries.matmul(negatives.transposed())
        let cells = PositiveCells(ofScores: scores, positives)
        let hidden = scores.replacing(where: cells.mask(like: scores), with: -.infinity)
        let count = min(hardest, negatives.size(along: 0))
        let ranked = hidden.largest(count, along: 1).indices
        func vectors(_ ranks: [[Int]]) -> Tensor {
          let width = ranks.first?.count ?? 0
          let ranks = Tensor(ranks.flatMap { $0 }, shape: [rows, width]).moved(to: queries.device)
          let labels = ranked.gathered(at: ranks, along: 1).reshaped([-1])
          return negatives.gathered(rows: labels)
            .reshaped([rows, width, negatives.size(along: 1)])
        }
        func shares(_ values: [[Double]]) -> Tensor {
          Tensor(values.flatMap { $0 }, shape: [rows, values.first?.count ?? 0, 1])
            .converted(to: queries.dtype).moved(to: queries.device)
        }
        let alpha = shares(draw.pairShares)
        let beta = shares(draw.queryShares)
        let first = vectors(draw.pairs.map { $0.map(\.0) })
        let second = vectors(draw.pairs.map { $0.map(\.1) })
        let ofPairs = first * alpha + second * (1 - alpha)
        let withQuery =
          queries.expandingDimension(at: 1) * beta + vectors(draw.partners) * (1 - beta)
        return Tensor.concatenated([ofPairs, withQuery], along: 1).normalized()
      }
    }
  }

  /// The scores of mixtures, to be concatenated with those of real labels.
  ///
  /// - Parameters:
  ///   - queries: `[B, D]`.
  ///   - mixtures: `[B, s + s′, D]`.
  ///   - temperature: softmax temperature; inner products are divided by it.
  /// - Returns: `[B, s + s′]`; differentiable in the queries.
  public func scores(queries: Tensor, mixtures: Tensor, temperature: Double) -> Tensor {
    (queries.expandingDimension(at: 1) * (1 / temperature))
      .matmul(mixtures.transposed()).squeezed(along: 1)
  }
}
