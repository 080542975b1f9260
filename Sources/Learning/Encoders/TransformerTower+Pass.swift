public import Torch

extension TransformerTower {
  /// One way of a batch of texts through the transformer and of the gradient back, in pieces, so that
  /// memory grows with the piece and not with the batch.
  ///
  /// The vectors are first made without a history; once the loss has left its gradient in them, each
  /// piece is computed again with one, and the vectors' gradient goes on into the transformer. The
  /// result is that of one large batch, whatever the loss. A batch of one piece keeps its history
  /// instead of being computed twice.
  ///
  ///     let pass = TransformerTower.Pass(of: texts, through: tower)
  ///     try loss(tower(pass.vectors)).backward()
  ///     try pass.backward()
  public struct Pass {
    /// The texts' vectors, `[N, W]`.
    public let vectors: Tensor
    private let transformer: TransformerEncoder
    private let generator: Generator
    private let texts: [[Int32]]
    /// Rows and the generator's state before them; empty where the history was kept.
    private let pieces: [(rows: [Int], state: Tensor)]

    /// Encodes `texts`.
    ///
    /// - Parameter pieceTokenCount: about how many tokens have a history at a time; the default, ours,
    ///   needs about 1 GB with six layers of 384 numbers.
    /// - Precondition: the tower has a transformer, and texts are of 1 to `maximumLength` tokens.
    public init(
      of texts: [[Int32]], through tower: TransformerTower, pieceTokenCount: Int = 4096
    ) {
      guard let transformer = tower.transformer else {
        preconditionFailure("a tower of frozen vectors has no transformer to go through")
      }
      self.texts = texts
      self.transformer = transformer
      let generator = tower.generator
      self.generator = generator
      func encoded(_ rows: [Int]) -> Tensor {
        let batch = TokenBatch(texts, rows: rows)
        return transformer(batch.tokens, mask: batch.mask)
      }
      let batches = TokenBatch.rows(of: texts, tokenCount: pieceTokenCount)
      guard batches.count > 1 else {
        pieces = []
        vectors = TokenBatch.ordered(batches.map(encoded), batches)
        return
      }
      var pieces: [(rows: [Int], state: Tensor)] = []
      let found = withoutGradients {
        let parts = batches.map { rows in
          pieces.append((rows, generator.state))
          return encoded(rows)
        }
        return TokenBatch.ordered(parts, batches)
      }
      self.pieces = pieces
      vectors = found.requiringGradient()
    }

    /// Carries the vectors' gradient into the transformer's parameters.
    public func backward() throws {
      guard !pieces.isEmpty, let gradient = vectors.gradient else { return }
      for piece in pieces {
        // The same numbers are dropped as on the way there.
        generator.state = piece.state
        let batch = TokenBatch(texts, rows: piece.rows)
        try transformer(batch.tokens, mask: batch.mask)
          .backward(gradient.gathered(rows: Tensor(piece.rows.map(Int64.init))))
      }
    }
  }
}
