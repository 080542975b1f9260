public import Datasets
public import Extreme
import Storage

/// Every setting of a training run.
///
/// The run stores them before its first step.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
  /// The data set, a folder or a file, as an absolute path.
  public var dataset: String
  /// How to treat malformed lines of the data set.
  public var badLines: BadLinePolicy
  /// A file of verdicts on a model's answers, as an absolute path; nil for none.
  public var feedback: String?
  /// The features that make up the bag of a text.
  public var features: TextFeatures.Configuration
  /// The model.
  public var model: DualEncoder.Configuration
  /// A pretrained transformer that embeds texts instead of bags or in addition to them.
  public var transformer: TransformerSettings?
  /// The training loss.
  public var loss: TrainingLoss
  /// The labels that a step scores, and the composition of batches; nil for all labels and shuffled
  /// batches.
  public var negatives: NegativeConfiguration?
  /// The optimizers.
  public var optimization: OptimizationConfiguration
  /// Epochs, early stopping, checkpoints.
  public var loop: TrainingLoop
  /// The random seed.
  public var seed: UInt64
  /// The number of threads libtorch may use.
  ///
  /// Results repeat only for the same number.
  public var threads: Int

  /// Describes a training run.
  public init(
    dataset: String, badLines: BadLinePolicy = .refuse,
    features: TextFeatures.Configuration = .init(),
    model: DualEncoder.Configuration = .init(),
    transformer: TransformerSettings? = nil,
    loss: TrainingLoss = TrainingLoss(DecoupledSoftmaxLoss(temperature: 1)),
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
  package var hasBags: Bool { transformer?.isBesideBags ?? true }

  /// Refuses settings that no training can have.
  ///
  /// - Parameter file: the file that the settings come from, for the message.
  /// - Throws: `InputError` with the first setting that is out of range, and its value.
  package func check(file: String) throws {
    let values = SettingsDraft(self).values
    for setting in Setting.all {
      do {
        if let value = values[setting.path] { try setting.check(.init(value)) }
      } catch {
        throw InputError(file: file, reason: error.reason, expected: error.expected)
      }
    }
  }

  /// The settings in the order of a new file, as a tree.
  static let settings: [Setting] = [
    Setting(
      "dataset", "Data set: a folder or a file. A relative path starts at the folder of this file.",
      .path, null: "named on the command line", isDerived: true),
    Setting(
      "badLines", "How to treat malformed lines of the data set.", .one(of: BadLinePolicy.self),
      .init(
        .data, "skip-bad",
        .switches([("skip-bad", .string("skip"), "Leave out malformed lines and count them.")]))),
    Setting(
      "feedback",
      "File of verdicts on a model's answers, applied to the training documents; decant serve gives "
        + "it at /v1/feedback.", .path, .run("feedback"), null: "none"),
    Setting("seed", "Random seed.", .natural, .steps("seed")),
    Setting(
      // Only a damaged file asks for more threads than this.
      "threads", "Threads to compute with; results repeat only for the same number.",
      .integer(1...4096), .steps("threads"), null: "one for each available processor",
      isDerived: true),
    Setting("features", "Features that make up the bag of a text.", members: TextFeatures.settings),
    Setting("model", "The model.", members: DualEncoder.settings),
    Setting(
      "transformer",
      "Pretrained transformer that embeds texts instead of bags or in addition to them.",
      null: "none", addedBy: "--encoder transformer or --encoder both",
      members: TransformerSettings.settings
    ),
    TrainingLoss.setting,
    Setting(
      "negatives", "Labels that a step scores, and the composition of batches.",
      null: "all labels and shuffled batches", members: NegativeConfiguration.settings),
    Setting("optimization", "The optimizers.", members: OptimizationConfiguration.settings),
    Setting("loop", "Length of the training, and checkpoints.", members: TrainingLoop.settings),
  ]
}

extension TrainingLoop {
  static let settings: [Setting] = [
    Setting(
      "epochs", "Passes over the data, at most.", .count, .steps("epochs"), from: .tuned),
    Setting(
      "patience", "Hold out a validation set, and stop after this many epochs without improvement.",
      .count, .run("patience"), null: "nothing is held out"),
    Setting(
      "checkpointInterval", "Seconds between checkpoints.", .notNegative,
      .run("checkpoint-interval")),
  ]
}
