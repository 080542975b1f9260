public import Torch

/// The gradient of a loss over a large batch, in the memory of a small one.
///
/// A contrastive loss needs the embeddings of all rows at once, but not what lies between the rows
/// and their embeddings. Two passes over the rows, in pieces:
///
///     zᵢ = f(xᵢ; θ)   without a record          for every piece i
///     uᵢ = ∂L / ∂zᵢ   from the embeddings alone
///     ∂L / ∂θ = Σᵢ uᵢ · ∂f(xᵢ; θ) / ∂θ          piece by piece, with a record of one piece
///
/// Memory: the record of one piece and the embeddings. Time: one forward pass more.
///
/// - Paper: Gao, Zhang, Han, Callan. Scaling Deep Contrastive Learning Batch Size under Memory
///   Limited Setup. RepL4NLP 2021, section 3.2, equations 5 to 7. <https://arxiv.org/abs/2101.06983>
/// - Gradient: added to `gradient` of every parameter that the encoders or the loss use; exact, but
///   for the rounding of sums in another order.
/// - Units: those of the loss.
/// - Departures: none. What chance decides in the first pass is repeated in the second, as in the
///   authors' code; here the generators are named.
/// - Degenerate: an encoder that looks at other rows (batch normalisation) sees those of its piece
///   only, as it would in pieces without a cache.
public struct GradientCache: Codable, Hashable, Sendable {
  /// How many rows a piece has at most, ≥ 1.
  public var pieceSize: Int

  /// Sets the size of a piece.
  public init(pieceSize: Int) { self.pieceSize = pieceSize }

  /// One side of the loss: rows and what embeds them.
  ///
  /// The two views of a batch are two sides, as are queries and labels.
  public struct Side {
    /// The number of rows.
    public var count: Int
    /// The embeddings of some rows: `[rows, D]`.
    public var encode: (_ rows: Range<Int>) throws -> Tensor

    /// Names the rows by their number, and what embeds them.
    public init(count: Int, encode: @escaping (_ rows: Range<Int>) throws -> Tensor) {
      self.count = count
      self.encode = encode
    }

    /// The rows of a tensor.
    public init(_ rows: Tensor, encode: @escaping (_ rows: Tensor) throws -> Tensor) {
      self.init(count: rows.size(along: 0)) { try encode(rows[$0]) }
    }
  }

  /// Computes the loss and adds its gradient to the parameters'.
  ///
  /// - Parameters:
  ///   - sides: with at least one row each.
  ///   - generators: what the encoders draw from; afterwards they stand where the loss left them.
  ///   - buffers: what the encoders change in passing, such as running statistics: it is changed by
  ///     the first pass only.
  ///   - loss: a single number from the embeddings of each side, `[count, D]`.
  /// - Returns: the loss, a constant.
  /// - Throws: what the closures throw, or `TorchError` when libtorch refuses.
  /// - Precondition: pieces have at least one row, and so have the sides.
  public func callAsFunction(
    _ sides: [Side], generators: [Generator] = [], buffers: [Tensor] = [],
    loss: (_ embeddings: [Tensor]) throws -> Tensor
  ) throws -> Tensor {
    precondition(pieceSize >= 1, "pieces of \(pieceSize) rows")
    precondition(sides.allSatisfy { $0.count >= 1 }, "a side without rows")
    var states: [[Tensor]] = []
    let embeddings = try withoutGradients {
      try sides.map { side in
        let pieces = try pieces(of: side).map { rows in
          states.append(generators.map(\.state))
          return try side.encode(rows)
        }
        return Tensor.concatenated(pieces).requiringGradient()
      }
    }
    let kept = buffers.map { $0.detached().copied() }
    let value = try loss(embeddings)
    try value.backward()

    let ends = generators.map(\.state)
    defer { for (generator, state) in zip(generators, ends) { generator.state = state } }
    var next = 0
    for (side, embedding) in zip(sides, embeddings) {
      for rows in pieces(of: side) {
        for (generator, state) in zip(generators, states[next]) { generator.state = state }
        next += 1
        // Nothing comes back where the loss does not look at a side or the encoder does not learn.
        guard let slope = embedding.gradient else { continue }
        let piece = try side.encode(rows)
        if piece.requiresGradient { try piece.backward(slope[rows]) }
      }
    }
    withoutGradients {
      for (buffer, value) in zip(buffers, kept) { buffer.copyInPlace(from: value) }
    }
    return value.detached()
  }

  private func pieces(of side: Side) -> [Range<Int>] {
    stride(from: 0, to: side.count, by: pieceSize).map {
      $0..<min($0 + pieceSize, side.count)
    }
  }
}
