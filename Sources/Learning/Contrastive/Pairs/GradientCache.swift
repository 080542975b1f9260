public import Torch

/// Computes the gradient of a loss over a large batch in the memory of a small one.
///
/// A contrastive loss needs the embeddings of all rows at once, but not the activations that
/// produced them. There are two passes over the rows, in chunks:
///
///     zᵢ = f(xᵢ; θ)   without an autograd graph, for every chunk i
///     uᵢ = ∂L / ∂zᵢ   from the embeddings alone
///     ∂L / ∂θ = Σᵢ uᵢ · ∂f(xᵢ; θ) / ∂θ          chunk by chunk, with the graph of one chunk
///
/// Memory: the graph of one chunk and the embeddings. Time: one extra forward pass.
///
/// - Paper: Gao, Zhang, Han, Callan. Scaling Deep Contrastive Learning Batch Size under Memory
///   Limited Setup. RepL4NLP 2021, section 3.2, equations 5 to 7. <https://arxiv.org/abs/2101.06983>
/// - Gradient: added to `gradient` of every parameter used by the encoders or the loss; exact up to
///   the rounding of sums in a different order.
/// - Units: those of the loss.
/// - Departures: none. Random draws of the first pass are repeated in the second, as in the
///   authors' code; here the generators are passed explicitly.
/// - Degenerate: an encoder that looks at other rows (batch normalisation) sees only those of its
///   chunk, as it would when training in chunks without a cache.
public struct GradientCache: Codable, Hashable, Sendable {
  /// The maximum number of rows per chunk, ≥ 1.
  public var pieceSize: Int

  /// Creates a cache with the given chunk size.
  public init(pieceSize: Int) { self.pieceSize = pieceSize }

  /// One side of the loss: rows and their encoder.
  ///
  /// The two views of a batch are two sides, as are queries and labels.
  public struct Side {
    /// The number of rows.
    public var count: Int
    /// Embeds some of the rows: `[rows, D]`.
    public var encode: (_ rows: Range<Int>) throws -> Tensor

    /// Creates a side of `count` rows, embedded by index.
    public init(count: Int, encode: @escaping (_ rows: Range<Int>) throws -> Tensor) {
      self.count = count
      self.encode = encode
    }

    /// Creates a side from the rows of a tensor.
    public init(_ rows: Tensor, encode: @escaping (_ rows: Tensor) throws -> Tensor) {
      self.init(count: rows.size(along: 0)) { try encode(rows[$0]) }
    }
  }

  /// Computes the loss and adds its gradient to that of the parameters.
  ///
  /// - Parameters:
  ///   - sides: the sides, with at least one row each.
  ///   - generators: the generators that the encoders draw from; they end in the state that the
  ///     loss left them in.
  ///   - buffers: state that the encoders update, such as running statistics; only the first pass
  ///     updates it.
  ///     the first pass only.
  ///   - loss: a scalar from the embeddings of each side, `[count, D]`.
  /// - Returns: the loss, a constant.
  /// - Throws: any error from the closures, or `TorchError` if libtorch fails.
  /// - Precondition: chunks and sides have at least one row.
  public func callAsFunction(
    _ sides: [Side], generators: [Generator] = [], buffers: [Tensor] = [],
    loss: (_ embeddings: [Tensor]) throws -> Tensor
  ) throws -> Tensor {
    precondition(pieceSize >= 1, "the chunk size \(pieceSize) is not positive")
    precondition(sides.allSatisfy { $0.count >= 1 }, "a side has no rows")
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
        // There is no gradient if the loss ignores a side or the encoder is frozen.
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
