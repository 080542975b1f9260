public import Torch

extension TransformerTower {
  /// One forward and backward pass of a batch of texts through the transformer, in chunks, so that
  /// memory grows with the chunk and not with the batch.
  ///
  /// The vectors are first computed without an autograd graph. Once the loss has written their
  /// gradient, each chunk is computed again with a graph and the gradient is propagated into the
  /// transformer. The result is that of one large batch, for any loss. A batch of a single chunk
  /// keeps its graph and is not computed twice.
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
    /// Rows, and the generator's state before them; empty if the graph was kept.
    private let pieces: [(rows: [Int], state: Tensor)]

    /// Encodes `texts`.
    ///
    /// - Parameter pieceTokenCount: roughly how many tokens have a graph at a time; the default,
    ///   ours, needs about 1 GB with six layers of width 384.
    /// - Precondition: the tower has a transformer, and each text has 1 to `maximumLength` tokens.
    public init(
      of texts: [[Int32]], through tower: TransformerTower, pieceTokenCount: Int = 4096
    ) {
      guard let transformer = tower.transformer else {
        preconditionFailure("the tower has frozen vectors and no transformer")
      }
      self.texts = texts
      self.transformer = transformer
      let generator = tower.generator
      self.generator = generator
      func encoded(_ rows: [Int]) -> Tensor {
        let batch = TokenBatch(texts, rows: rows, device: transformer.device)
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

    /// Propagates the vectors' gradient into the transformer's parameters.
    public func backward() throws {
      guard !pieces.isEmpty, let gradient = vectors.gradient else { return }
      for piece in pieces {
        // Dropout uses the same masks as in the forward pass.
        generator.state = piece.state
        let batch = TokenBatch(texts, rows: piece.rows, device: transformer.device)
        try transformer(batch.tokens, mask: batch.mask)
          .backward(
            gradient.gathered(
              rows: Tensor(piece.rows.map(Int64.init)).sent(to: gradient.device)))
      }
    }
  }
}
