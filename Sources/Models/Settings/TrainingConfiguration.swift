public import Datasets
public import Extreme
import Storage
public import Torch

/// Every setting of a training run.
///
/// The run stores them before its first step.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
  /// The data set, a folder or a file, as an absolute path; empty for data in memory.
  public var dataset: String
  /// The columns, the format, the split and further files of the data set; nil if all are guessed.
  public var data: DataReading?
  /// How to treat malformed lines of the data set.
  public var badLines: BadLinePolicy
  /// A file of verdicts on a model's answers, as an absolute path; nil for none.
  public var feedback: String?
  /// A vocabulary that describes the labels, as an absolute path; nil for none.
  public var vocabulary: String?
  /// The language of the vocabulary's texts; nil for its only one.
  public var language: String?
  /// The features that make up the bag of a text.
  public var features: TextFeatures.Configuration
  /// The model.
  public var model: DualEncoder.Configuration
  /// A pretrained transformer that embeds texts instead of bags or in addition to them.
  public var transformer: TransformerSettings?
  /// The addition of similar training documents' labels to the scores; nil for none.
  public var memory: DocumentMemoryConfiguration?
  /// The folder of a pretrained encoder whose word vectors the feature table starts from, as an
  /// absolute path; nil for a random start.
  ///
  /// It is read once, when the run starts.
  public var startFrom: String?
  /// The folder of a finished run whose weights, vocabulary and labels the training starts from, as an
  /// absolute path; nil for a random start.
  public var initial: String?
  /// The training loss.
  public var loss: TrainingLoss
  /// The treatment of labels that may be wrong; nil for trust.
  public var robust: RobustConfiguration?
  /// The treatment of frequent and rare labels; nil for none.
  public var imbalance: ImbalanceConfiguration?
  /// The lengths of prefixes of the embeddings that the loss is also computed for, ascending and
  /// below the dimension; nil for none.
  ///
  /// See `MatryoshkaLoss` and `TrainedModel.truncated(to:)`.
  public var nestedDimensions: [Int]?
  /// Runs whose scores are learnt from, too; nil for none.
  public var teacher: TeacherConfiguration?
  /// The labels that a step scores, and the composition of batches; nil for all labels and shuffled
  /// batches.
  public var negatives: NegativeConfiguration?
  /// The optimizers.
  public var optimization: OptimizationConfiguration
  /// Epochs, early stopping, checkpoints.
  public var loop: TrainingLoop
  /// The precision of the stored weights; nil for the shortest that keeps the rankings.
  public var precision: WeightPrecision?
  /// The random seed.
  public var seed: UInt64
  /// The number of threads libtorch may use; by default as many as this process has processors.
  ///
  /// Results repeat only for the same number.
  public var threads: Int
  /// The device that trains; nil for the CPU.
  ///
  /// The model can be used on any machine.
  public var device: Device?
  /// The precision of a step's scores; nil for float32, which a wide model needs.
  public var scorePrecision: ScorePrecision?

  /// Describes a training run.
  public init(
    dataset: String = "", data: DataReading? = nil, badLines: BadLinePolicy = .refuse,
    features: TextFeatures.Configuration = .init(),
    model: DualEncoder.Configuration = .init(),
    transformer: TransformerSettings? = nil, startFrom: String? = nil,
    memory: DocumentMemoryConfiguration? = nil,
    loss: TrainingLoss = TrainingLoss(DecoupledSoftmaxLoss(temperature: 1)),
    nestedDimensions: [Int]? = nil,
    teacher: TeacherConfiguration? = nil,
    negatives: NegativeConfiguration? = nil,
    optimization: OptimizationConfiguration = .init(),
    loop: TrainingLoop = TrainingLoop(epochs: 5), seed: UInt64 = 0,
    threads: Int = TrainingConfiguration.usualThreads
  ) {
    self.dataset = dataset
    self.data = data
    self.badLines = badLines
    self.features = features
    self.model = model
    self.transformer = transformer
    self.memory = memory
    self.startFrom = startFrom
    self.loss = loss
    self.nestedDimensions = nestedDimensions
    self.teacher = teacher
    self.negatives = negatives
    self.optimization = optimization
    self.loop = loop
    self.seed = seed
    self.threads = threads
  }

  /// Reads the data set, or another one with its columns as far as they are there.
  ///
  /// - Throws: the errors of `Dataset.read`.
  package func readDataset(at path: String? = nil) throws -> Dataset {
    let reading = data ?? DataReading()
    return try Dataset.read(
      path ?? dataset, path == nil ? reading : reading.asPreference, badLines: badLines)
  }

  /// The default number of threads: the processors that this process may use.
  public static var usualThreads: Int { MachineShare.current.processors }

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
    if let fault = nestingFault {
      throw InputError(file: file, reason: fault.reason, expected: fault.expected)
    }
    do {
      try checkTreatments()
    } catch let fault as ValueError {
      throw InputError(file: file, reason: fault.reason, expected: fault.expected)
    }
  }

  /// The fault of `nestedDimensions`; nil if they ascend and are below the dimension.
  package var nestingFault: SettingFault? {
    let lengths = nestedDimensions ?? []
    let dimension = model.encoder.dimension
    guard zip(lengths, lengths.dropFirst() + [dimension]).contains(where: { $0 >= $1 }) else {
      return nil
    }
    return SettingFault(
      reason: "nestedDimensions is \(lengths) and the dimension is \(dimension)",
      expected: "ascending lengths below the dimension")
  }

  /// The settings in the order of a new file, as a tree.
  static let settings: [Setting] = [
    Setting(
      "dataset", "Data set: a folder or a file. A relative path starts at the folder of this file.",
      .path, null: "named on the command line", isDerived: true),
    DataReading.setting,
    Setting(
      "badLines", "How to treat malformed lines of the data set.", .one(of: BadLinePolicy.self),
      .init(
        .data, "skip-bad",
        .switches([("skip-bad", .string("skip"), "Leave out malformed lines and count them.")]))),
    Setting(
      "feedback",
      "File of verdicts on a model's answers, applied to the training documents; decant serve gives "
        + "it at /v1/feedback.", .path, .run("feedback"), null: "none"),
    Setting(
      "vocabulary",
      "Vocabulary that describes the labels (a table, records or SKOS): texts, alternative texts, "
        + "parents.", .path, .run("vocabulary"), null: "none"),
    Setting(
      "language", "Language of the vocabulary's texts, such as sv.", .text, .run("language"),
      null: "the only one", needs: .init("--vocabulary") { $0.vocabulary != nil }),
    Setting("seed", "Random seed.", .natural, .steps("seed")),
    Setting(
      // Only a damaged file asks for more threads than this.
      "threads", "Threads to compute with; results repeat only for the same number.",
      .integer(1...4096), .steps("threads"), null: "one for each available processor",
      isDerived: true),
    Setting(
      "device", "Device to train on: cpu, cuda, or one of several such as cuda:1.",
      .value(of: Device.self, "cpu, cuda or a number such as cuda:0"), .steps("device"),
      null: "cpu"),
    Setting(
      "scorePrecision", "Precision of the scores of a training step.",
      .one(of: ScorePrecision.self), .steps("score-precision"), null: "float32",
      needs: .init("a model without --wide") { $0.model.wide == nil }),
    Setting(
      "precision", "Precision of the weights that the run stores.", .one(of: WeightPrecision.self),
      .run("precision"), null: "the shortest that keeps the rankings"),
    Setting("features", "Features that make up the bag of a text.", members: TextFeatures.settings),
    Setting("model", "The model.", members: DualEncoder.settings),
    Setting(
      "transformer",
      "Pretrained transformer that embeds texts instead of bags or in addition to them.",
      null: "none", addedBy: "--encoder transformer or --encoder both",
      members: TransformerSettings.settings
    ),
    Setting(
      "memory", "Add the labels of the nearest training documents to the scores.", .group,
      .model("memory", .onOff), null: "none", addedBy: "--memory",
      members: DocumentMemoryConfiguration.settings),
    Setting(
      "startFrom",
      "Folder of a pretrained encoder whose word vectors the feature table starts from.", .path,
      .model("start-from"), null: "a random start",
      needs: .init("bags: --encoder bag or --encoder both") { $0.hasBags }),
    Setting(
      "initial",
      "Finished run to continue, from its weights, vocabulary and labels.", .path,
      .run("initial"), null: "a random start",
      needs: .init("bags without --wide") { $0.transformer == nil && $0.model.wide == nil }),
    TrainingLoss.setting,
    Setting(
      "robust", "Treatment of training labels that may be wrong.", null: "none",
      addedBy: "--noise-robust",
      needs: .init("all labels scored: no --negatives pool") { $0.negatives?.labels != .pool },
      members: RobustConfiguration.settings),
    Setting(
      "imbalance", "Treatment of frequent and rare labels.", null: "none", addedBy: "--imbalance",
      needs: .init("all labels scored: no --negatives pool") { $0.negatives?.labels != .pool },
      members: ImbalanceConfiguration.settings),
    Setting(
      "nestedDimensions",
      "Prefixes of the embeddings to train for as well, as lengths, so that they can be used alone.",
      .integers(1...Int.max), .init(.loss, "nested", .value(words: [("0", .array([]))])),
      null: "the whole alone"),
    Setting(
      "teacher", "Runs whose scores are learnt from, in addition to the documents' labels.",
      null: "none", addedBy: "--teacher", members: TeacherConfiguration.settings),
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
      "patience", "Hold out documents, and stop after this many epochs without improvement.",
      .count, .run("patience"), null: "nothing is held out"),
    Setting(
      "checkpointInterval", "Seconds between checkpoints.", .notNegative,
      .run("checkpoint-interval")),
  ]
}
