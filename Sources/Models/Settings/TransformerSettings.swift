public import Extreme
import Storage

/// How a pretrained transformer takes part in a training run.
public struct TransformerSettings: Codable, Hashable, Sendable {
  /// The checkpoint's folder, as an absolute path.
  ///
  /// It is read once, when the run starts.
  public var checkpoint: String
  /// Whether the transformer is trained too; otherwise each text is encoded once.
  public var isFineTuned: Bool
  /// Whether texts are embedded as bags of features as well; the embeddings are added.
  public var isBesideBags: Bool
  /// The number of tokens after which a text is cut off.
  public var maximumLength: Int
  /// How token vectors are combined; nil for the checkpoint's way.
  public var pooling: TransformerEncoder.Pooling?
  /// The layers between the transformer and the embeddings.
  public var tower: TransformerTower.Configuration
  /// Adam's learning rate for these layers.
  public var projectionLearningRate: Double
  /// How a transformer is fine-tuned.
  public var tuning: Tuning

  /// How the transformer's own weights are trained: by Adam, at a rate that rises and falls linearly.
  ///
  /// Rate, decay and dropout are those of Devlin et al. 2019, appendix A.2 and A.3. Warm-up and limit
  /// are those of the authors' code, <https://github.com/google-research/bert>. The piece size is ours.
  public struct Tuning: Codable, Hashable, Sendable {
    /// Adam's learning rate.
    public var learningRate: Double
    /// Adam's weight decay, decoupled.
    public var weightDecay: Double
    /// The share of the steps over which the learning rate rises from 0.
    public var warmup: Double
    /// The joint norm to which the gradients of the transformer's weights are clipped.
    public var gradientLimit: Double
    /// The dropout rate within the transformer.
    public var dropout: Double
    /// The approximate number of tokens whose activations are kept for one backward pass.
    public var pieceTokenCount: Int

    /// Describes the optimizer.
    public init(
      learningRate: Double = 5e-5, weightDecay: Double = 0.01, warmup: Double = 0.1,
      gradientLimit: Double = 1, dropout: Double = 0.1, pieceTokenCount: Int = 4096
    ) {
      self.learningRate = learningRate
      self.weightDecay = weightDecay
      self.warmup = warmup
      self.gradientLimit = gradientLimit
      self.dropout = dropout
      self.pieceTokenCount = pieceTokenCount
    }
  }

  /// Describes a transformer; by default its frozen vectors replace the bags.
  public init(
    checkpoint: String, isFineTuned: Bool = false, isBesideBags: Bool = false,
    maximumLength: Int = 128, pooling: TransformerEncoder.Pooling? = nil,
    tower: TransformerTower.Configuration = .init(), projectionLearningRate: Double = 1e-3,
    tuning: Tuning = .init()
  ) {
    self.checkpoint = checkpoint
    self.isFineTuned = isFineTuned
    self.isBesideBags = isBesideBags
    self.maximumLength = maximumLength
    self.pooling = pooling
    self.tower = tower
    self.projectionLearningRate = projectionLearningRate
    self.tuning = tuning
  }

  private static let bert = "Devlin et al. 2019, appendix A"

  static let settings: [Setting] = [
    Setting(
      "checkpoint",
      "Folder of a BERT encoder (config.json, model.safetensors and its vocabulary), of another "
        + "encoder with model.onnx and tokenizer.json, or of sentence-transformers. The run keeps a "
        + "copy.", .path, .transformer("checkpoint"),
      from: "required", usual: "none"),
    Setting(
      "isFineTuned", "Train the transformer too; otherwise each text is encoded once.", .boolean,
      .transformer(
        "fine-tune",
        .switches([
          (
            "freeze", .boolean(false),
            "Encode each text once; train only the layers on top (default)."
          ),
          ("fine-tune", .boolean(true), "Train the transformer too."),
        ]))),
    Setting("isBesideBags", "Add the embedding of the bag.", .boolean),
    Setting(
      "maximumLength", "Tokens after which a text is cut off.", .integer(2...Int.max),
      .transformer("max-length"), null: "the sentence encoder's limit, or else 128", isDerived: true
    ),
    Setting(
      "pooling", "How token vectors are combined.", .one(of: TransformerEncoder.Pooling.self),
      .transformer(
        "pooling", .value(words: [("mean", .string("mean")), ("cls", .string("firstToken"))])),
      null: "the checkpoint's way"),
    Setting(
      "tower", "Layers between the transformer and the embeddings.",
      members: [
        Setting(
          "hiddenDimension",
          "Width of the hidden layer between the transformer and the embeddings.", .count,
          .transformer("hidden", .value(words: [("0", .null)])), from: .tuned, null: "none"),
        Setting(
          "dropout", "Dropout rate of these layers.", .shareBelowOne, .transformer("dropout"),
          from: .tuned),
      ]),
    Setting(
      "projectionLearningRate", "Adam's learning rate for these layers.", .positive,
      .transformer("projection-learning-rate")),
    Setting(
      "tuning", "How a transformer is fine-tuned.",
      needs: .init("--fine-tune") { $0.transformer?.isFineTuned == true },
      members: [
        Setting(
          "learningRate", "Adam's learning rate for the transformer.", .positive,
          .transformer("transformer-learning-rate"), from: bert),
        Setting("weightDecay", "Adam's weight decay.", .notNegative, from: bert),
        Setting(
          "warmup", "Share of the steps over which the learning rate rises from 0.",
          .shareBelowOne, from: "BERT's code"),
        Setting(
          "gradientLimit", "Joint norm to which gradients are clipped.", .positive,
          from: "BERT's code"),
        Setting("dropout", "Dropout rate within the transformer.", .shareBelowOne, from: bert),
        Setting(
          "pieceTokenCount", "Tokens whose gradient is computed at once; memory grows with them.",
          .count, .transformer("piece-tokens")),
      ]),
  ]
}
