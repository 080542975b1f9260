extension TransformerEncoder {
  /// How token vectors are pooled into one.
  public enum Pooling: String, Codable, Hashable, Sendable, CaseIterable {
    /// The vector of the first token, `[CLS]`.
    case firstToken
    /// The mean over the text's tokens.
    case mean
  }

  /// The activation between a block's two linear layers.
  public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
    /// x Φ(x) with the normal distribution function Φ; BERT's.
    case gelu
    /// The tanh approximation of `gelu`.
    case approximateGELU = "gelu_new"
    /// max(x, 0).
    case relu
  }

  /// The shape and behaviour of an encoder, with the keys of a checkpoint's `config.json`.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The vocabulary size V.
    public var vocabularySize: Int
    /// The embedding dimension D.
    public var width: Int
    /// The number of blocks.
    public var blockCount: Int
    /// The number H of attention heads per block; it divides `width`.
    public var headCount: Int
    /// The width of a block's hidden layer.
    public var hiddenWidth: Int
    /// The maximum number T of tokens per text.
    public var maximumLength: Int
    /// The number of token types; a single text has type 0.
    public var typeCount: Int
    /// The activation between a block's two linear layers.
    public var activation: Activation
    /// The term ε that layer normalisation adds to the variance.
    public var epsilon: Double
    /// How token vectors are pooled; the mean does better for similarity in table 6 of Reimers and
    /// Gurevych.
    public var pooling: Pooling
    /// Whether embeddings have unit length.
    public var isNormalized: Bool
    /// The dropout probability after the embeddings and each half block in training; 0 unless set,
    /// whatever the checkpoint was trained with.
    public var dropout: Double

    /// The defaults are those of BERT-base.
    public init(
      vocabularySize: Int = 30522, width: Int = 768, blockCount: Int = 12, headCount: Int = 12,
      hiddenWidth: Int = 3072, maximumLength: Int = 512, typeCount: Int = 2,
      activation: Activation = .gelu, epsilon: Double = 1e-12, pooling: Pooling = .mean,
      isNormalized: Bool = false, dropout: Double = 0
    ) {
      self.vocabularySize = vocabularySize
      self.width = width
      self.blockCount = blockCount
      self.headCount = headCount
      self.hiddenWidth = hiddenWidth
      self.maximumLength = maximumLength
      self.typeCount = typeCount
      self.activation = activation
      self.epsilon = epsilon
      self.pooling = pooling
      self.isNormalized = isNormalized
      self.dropout = dropout
    }

    /// Reads the keys of a `config.json`; those we added may be missing.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        vocabularySize: try keys.decode(Int.self, forKey: .vocabularySize),
        width: try keys.decode(Int.self, forKey: .width),
        blockCount: try keys.decode(Int.self, forKey: .blockCount),
        headCount: try keys.decode(Int.self, forKey: .headCount),
        hiddenWidth: try keys.decode(Int.self, forKey: .hiddenWidth),
        maximumLength: try keys.decode(Int.self, forKey: .maximumLength))
      typeCount = try keys.decodeIfPresent(Int.self, forKey: .typeCount) ?? typeCount
      activation = try keys.decodeIfPresent(Activation.self, forKey: .activation) ?? activation
      epsilon = try keys.decodeIfPresent(Double.self, forKey: .epsilon) ?? epsilon
      pooling = try keys.decodeIfPresent(Pooling.self, forKey: .pooling) ?? pooling
      isNormalized = try keys.decodeIfPresent(Bool.self, forKey: .isNormalized) ?? isNormalized
      dropout = try keys.decodeIfPresent(Double.self, forKey: .dropout) ?? dropout
    }

    private enum CodingKeys: String, CodingKey {
      case vocabularySize = "vocab_size"
      case width = "hidden_size"
      case blockCount = "num_hidden_layers"
      case headCount = "num_attention_heads"
      case hiddenWidth = "intermediate_size"
      case maximumLength = "max_position_embeddings"
      case typeCount = "type_vocab_size"
      case activation = "hidden_act"
      case epsilon = "layer_norm_eps"
      case pooling, isNormalized, dropout
    }

    /// More than any encoder has; it limits the memory reserved before the first layer is read.
    private static let maximumBlockCount = 1 << 16

    /// Why the configuration is unusable; nil if it is valid.
    var fault: String? {
      let sizes = [vocabularySize, width, headCount, hiddenWidth, maximumLength, typeCount]
      if let size = sizes.first(where: { $0 < 1 || $0 > 1 << 31 }) {
        return "a size of \(size), outside 1 ... 2^31"
      }
      if !(0...Self.maximumBlockCount).contains(blockCount) {
        return "\(blockCount) layers, outside 0 ... \(Self.maximumBlockCount)"
      }
      if maximumLength < 2 { return "\(maximumLength) positions leave no room for [CLS] and [SEP]" }
      if !width.isMultiple(of: headCount) { return "\(headCount) heads do not divide \(width)" }
      if !(epsilon >= 0 && epsilon.isFinite) { return "an epsilon of \(epsilon)" }
      if !(0...1).contains(dropout) { return "a dropout of \(dropout)" }
      return nil
    }
  }
}
