public import Datasets
public import Learning

/// Every setting of a training; written into the run before the first step.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
  /// The data set's folder or file, absolute.
  public var dataset: String
  /// What becomes of lines of the data set that cannot be used.
  public var badLines: BadLinePolicy
  /// A file of what people said of a model's answers, absolute; nil without one.
  public var feedback: String?
  /// Which features of a text are looked at.
  public var features: TextFeatures.Configuration
  /// The model.
  public var model: DualEncoder.Configuration
  /// A pretrained transformer that embeds texts beside or instead of bags; nil without one.
  public var transformer: TransformerSettings?
  /// What is minimised.
  public var loss: TrainingLoss
  /// Which labels a step looks at and how batches are made; nil is all labels, shuffled batches.
  public var negatives: NegativeConfiguration?
  /// The optimisers.
  public var optimization: OptimizationConfiguration
  /// Epochs, early stopping, checkpoints.
  public var loop: TrainingLoop
  /// Names the random numbers of the run.
  public var seed: UInt64
  /// How many threads libtorch may use; results are repeatable for one number of threads.
  public var threads: Int

  /// Sets up a training.
  public init(
    dataset: String, badLines: BadLinePolicy = .refuse,
    features: TextFeatures.Configuration = .init(),
    model: DualEncoder.Configuration = .init(),
    transformer: TransformerSettings? = nil,
    loss: TrainingLoss = .decoupledSoftmax(.init(temperature: 1)),
    negatives: NegativeConfiguration? = nil,
    optimization: OptimizationConfiguration = .init(),
    loop: TrainingLoop = TrainingLoop(epochs: 5), seed: UInt64 = 0, threads: Int = 2
  ) {
    self.dataset = dataset
    self.badLines = badLines
    self.features = features
    self.model = model
    self.transformer = transformer
    self.loss = loss
    self.negatives = negatives
    self.optimization = optimization
    self.loop = loop
    self.seed = seed
    self.threads = threads
  }

  /// Whether texts are embedded as bags of features.
  var hasBags: Bool { transformer?.isBesideBags ?? true }
}
