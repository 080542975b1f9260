public import Learning

/// How a pretrained transformer takes part in a training.
public struct TransformerSettings: Codable, Hashable, Sendable {
  /// The checkpoint's folder, absolute; read once, when the run is begun.
  public var checkpoint: String
  /// Whether the transformer is trained too; otherwise each text is encoded once.
  public var isFineTuned: Bool
  /// Whether texts are embedded as bags of features as well, and both embeddings added.
  public var isBesideBags: Bool
  /// The number of tokens after which a text is cut off.
  public var maximumLength: Int
  /// How the vectors of a text's tokens become one; nil is as the checkpoint says.
  public var pooling: TransformerEncoder.Pooling?
  /// What lies between the transformer's vectors and the embeddings.
  public var tower: TransformerTower.Configuration
  /// Adam's learning rate for that.
  public var projectionLearningRate: Double
  /// How a transformer is moved that is trained too.
  public var tuning: Tuning

  /// How the transformer's own weights are moved: by Adam, at a rate that rises and falls linearly.
  ///
  /// Rate, decay and dropout are those of Devlin et al. 2019, appendix A.2 and A.3; warm-up and limit
  /// those of the authors' code, <https://github.com/google-research/bert>. The size of a piece is ours.
  public struct Tuning: Codable, Hashable, Sendable {
    /// Adam's learning rate.
    public var learningRate: Double
    /// Adam's weight decay, decoupled.
    public var weightDecay: Double
    /// The share of the steps during which the learning rate rises from 0.
    public var warmup: Double
    /// The joint length that the gradients of the transformer's weights are cut to.
    public var gradientLimit: Double
    /// How likely a number is dropped within the transformer.
    public var dropout: Double
    /// About how many tokens are held with all that their gradient needs.
    public var pieceTokenCount: Int

    /// Sets up the optimiser.
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

  /// Frozen vectors in place of bags, unless told otherwise.
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

  /// The first setting outside its range: name, value and what was expected.
  var firstFault: (name: String, value: Double, expected: String)? {
    if maximumLength < 2 {
      return ("transformer.maximumLength", Double(maximumLength), "at least 2")
    }
    let counts = [
      ("transformer.tower.hiddenDimension", tower.hiddenDimension ?? 1),
      ("transformer.tuning.pieceTokenCount", tuning.pieceTokenCount),
    ]
    for (name, value) in counts where !(1...Int(Int32.max) ~= value) {
      return (name, Double(value), "1 to \(Int32.max)")
    }
    let positive = [
      ("transformer.projectionLearningRate", projectionLearningRate),
      ("transformer.tuning.learningRate", tuning.learningRate),
      ("transformer.tuning.gradientLimit", tuning.gradientLimit),
    ]
    for (name, value) in positive where !(value > 0) { return (name, value, "more than 0") }
    for (name, value) in positive + [("transformer.tuning.weightDecay", tuning.weightDecay)]
    where !(0...1e30 ~= value) {
      return (name, value, "at most 1e30")
    }
    let shares = [
      ("transformer.tower.dropout", tower.dropout), ("transformer.tuning.dropout", tuning.dropout),
      ("transformer.tuning.warmup", tuning.warmup),
    ]
    for (name, value) in shares where !(0..<1 ~= value) {
      return (name, value, "at least 0, less than 1")
    }
    return nil
  }
}
