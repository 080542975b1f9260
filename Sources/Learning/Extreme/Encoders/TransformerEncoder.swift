public import Torch

/// Embeds a text with a BERT encoder, in which every token attends to all others.
///
///     x₀    = LayerNorm(word(id) + type(0) + position(t))
///     xₗ₊₁  = blockₗ(xₗ)
///     z     = Σ_t x_t / T     mean pooling over the text's tokens
///     z     = x_[CLS]         first-token pooling
///     z / ‖z‖                 if `isNormalized`
///
/// with blocks of self-attention and a perceptron, each followed by layer normalisation.
///
/// - Paper: Devlin, Chang, Lee, Toutanova. BERT: Pre-training of Deep Bidirectional Transformers for
///   Language Understanding. NAACL 2019, section 3. <https://arxiv.org/abs/1810.04805>; the pooling
///   after Reimers, Gurevych. Sentence-BERT. EMNLP 2019, section 3.
///   <https://arxiv.org/abs/1908.10084>
/// - Gradient: reaches every parameter.
/// - Units: none; rows have unit length if `isNormalized`.
/// - Departures: dropout only on request, and none of the attention weights. BERT's pooler (a layer
///   on `[CLS]` for the pre-training task) is left out.
/// - Degenerate: each text has at least one token, `[CLS]`.
public final class TransformerEncoder: Layer, TrainingAware, Sendable {
  /// The shape and behaviour.
  public let configuration: Configuration
  private let words: Embedding
  private let positions: Embedding
  private let types: Embedding
  private let embeddingNorm: LayerNorm
  private let blocks: [TransformerBlock]
  private let dropout: Dropout

  /// Creates an encoder with random weights, normal with standard deviation 0.02 as in the paper's
  /// code.
  ///
  /// - Precondition: sizes are positive, and the number of heads divides the width.
  public convenience init(_ configuration: Configuration, generator: Generator) {
    precondition(configuration.fault == nil, configuration.fault ?? "")
    let weights = TransformerWeights { name, shape in
      if name.hasSuffix(".bias") { return .zeros(shape) }
      if name.hasSuffix("LayerNorm.weight") { return .ones(shape) }
      return Tensor.normal(shape, generator: generator) * 0.02
    }
    do {
      try self.init(configuration, weights: weights, generator: generator)
    } catch {
      fatalError("random initialisation threw \(error)")
    }
  }

  init(
    _ configuration: Configuration, weights: TransformerWeights, generator: Generator
  ) throws {
    self.configuration = configuration
    dropout = Dropout(configuration.dropout, generator: generator)
    let embeddings = weights.under("embeddings")
    let width = configuration.width
    words = try embeddings.table(
      "word_embeddings", rows: configuration.vocabularySize, width: width)
    positions = try embeddings.table(
      "position_embeddings", rows: configuration.maximumLength, width: width)
    types = try embeddings.table(
      "token_type_embeddings", rows: configuration.typeCount, width: width)
    embeddingNorm = try embeddings.norm("LayerNorm", configuration)
    blocks = try (0..<configuration.blockCount).map { [dropout] index in
      try TransformerBlock(
        configuration, dropout: dropout, weights: weights.under("encoder.layer.\(index)"))
    }
  }

  /// The parameters, named as in published checkpoints without their prefix `bert.`.
  public var parameters: [(name: String, tensor: Tensor)] {
    words.parameters(under: "embeddings.word_embeddings")
      + positions.parameters(under: "embeddings.position_embeddings")
      + types.parameters(under: "embeddings.token_type_embeddings")
      + embeddingNorm.parameters(under: "embeddings.LayerNorm")
      + blocks.enumerated().flatMap { $1.parameters(under: "encoder.layer.\($0)") }
  }

  /// The device of the parameters.
  public var device: Device { words.weight.device }

  /// Whether dropout is active, if the configuration has any.
  public var isTraining: Bool {
    get { dropout.isTraining }
    set { dropout.isTraining = newValue }
  }

  /// Embeds texts.
  ///
  /// - Parameters:
  ///   - tokens: `[N, T]` int64, short texts padded with any id.
  ///   - mask: `[N, T]`, true for tokens; nil if there is no padding.
  /// - Returns: `[N, D]`.
  /// - Precondition: T ≤ `maximumLength`.
  /// - Complexity: O(N T² D + N T D²) time; the attention weights are never materialised.
  public func callAsFunction(_ tokens: Tensor, mask: Tensor? = nil) -> Tensor {
    let pooled = pooled(tokenVectors(of: tokens, mask: mask), mask: mask)
    return configuration.isNormalized ? pooled.normalized(along: -1) : pooled
  }

  /// The vector of each token: `[N, T]` → `[N, T, D]`; those of padding are meaningless.
  ///
  /// - Precondition: as for the embeddings.
  public func tokenVectors(of tokens: Tensor, mask: Tensor? = nil) -> Tensor {
    precondition(
      tokens.dimensionCount == 2 && tokens.size(along: 1) <= configuration.maximumLength,
      "tokens \(tokens.shape), expected [N, up to \(configuration.maximumLength)]")
    precondition(
      mask.map { $0.shape == tokens.shape && $0.dtype == .bool } ?? true,
      "a \(mask?.dtype as Any) mask of shape \(mask?.shape ?? []) for tokens \(tokens.shape)")
    let length = tokens.size(along: 1)
    let sum = words(tokens) + (positions.weight[0..<length] + types.weight[0])
    let cells = mask?.expandingDimension(at: 1).expandingDimension(at: 1)  // [N, 1, 1, T]
    return blocks.reduce(dropout(embeddingNorm(sum))) { $1($0, mask: cells) }
  }

  private func pooled(_ vectors: Tensor, mask: Tensor?) -> Tensor {
    switch configuration.pooling {
    case .firstToken: return vectors.slice(0..<1, along: 1).squeezed(along: 1)
    case .mean:
      guard let mask else { return vectors.mean(along: 1) }
      let kept = mask.converted(to: vectors.dtype)
      return (vectors * kept.expandingDimension(at: 2)).sum(along: 1)
        / kept.sum(along: 1, keepingDimensions: true)
    }
  }
}
