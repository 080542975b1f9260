import Datasets
import Evaluation
public import Torch

/// A summary of a finished training run, for comparison with others.
public struct RunRecord: Codable, Hashable, Sendable {
  /// The version of Decant.
  public var decantVersion: String
  /// The version of libtorch.
  public var torchVersion: String
  /// The CPU instruction set that libtorch used.
  public var cpuCapability: String
  /// The number of threads.
  public var threads: Int
  /// The name of the data set.
  public var dataset: String
  /// A hash of the data set's exact contents.
  public var datasetHash: String?
  /// The number of training documents.
  public var documents: Int
  /// The number of labels.
  public var labels: Int
  /// The number of features.
  public var features: Int
  /// The number of learnt parameters.
  public var parameters: Int
  /// Whether a validation part was held out.
  public var validationIsHeldOut: Bool
  /// Whether the validation documents are apart from the training documents, so that no training
  /// learns from them; nil in records of older versions, for no.
  public var validationIsApart: Bool?
  /// The epoch of the saved model, from 1.
  public var keptEpoch: Int
  /// The last epoch, from 1; nil in records of older versions.
  public var lastEpoch: Int?
  /// Wall-clock seconds for reading data and extracting features (of the last process).
  public var preparationSeconds: Double
  /// CPU seconds for the same.
  public var preparationCPUSeconds: Double
  /// Wall-clock seconds of training.
  public var trainSeconds: Double
  /// CPU seconds of training.
  public var trainCPUSeconds: Double
  /// Peak resident memory in bytes (of the last process).
  public var peakMemoryBytes: Int
  /// Reasons why the model is probably useless; nil if there are none, and in records of older
  /// versions.
  public var warnings: [String]?
  /// The defaults that were chosen by the data; nil if there are none, and in records of older
  /// versions.
  public var chosenDefaults: [ChosenDefault]?
  /// The names of the runs that were merged into this one; nil for a training run, and in records of
  /// older versions.
  public var mergedRuns: [String]?
  /// The precision of the stored weights; nil in records of older versions, for float32.
  public var precision: WeightPrecision?
  /// CPU seconds of choosing defaults by the data, pilots included, which are not in the others; nil
  /// with fixed defaults, and in records of older versions.
  public var pilotCPUSeconds: Double?
  /// The encoder whose word vectors training began with; nil for a random start.
  public var start: PretrainedStart?
  /// The device that trained; nil for the CPU.
  public var device: Device?

  /// The number of processes that trained together; nil for one, and in records of older versions.
  public var processes: Int?
  /// The bytes that each process handed to the others, on average over the steps; nil for one process.
  public var exchangedBytesPerStep: Int?

  /// The treatment of labels that may be wrong; nil for none, and in records of older versions.
  public var robust: RobustConfiguration?
  /// The treatment of frequent and rare labels; nil for none, and in records of older versions.
  public var imbalance: ImbalanceConfiguration?

  /// Records a finished training.
  package init(
    decantVersion: String, torchVersion: String, cpuCapability: String, threads: Int,
    dataset: String, datasetHash: String? = nil, documents: Int, labels: Int, features: Int,
    parameters: Int, validationIsHeldOut: Bool, keptEpoch: Int, lastEpoch: Int? = nil,
    preparationSeconds: Double, preparationCPUSeconds: Double, trainSeconds: Double,
    trainCPUSeconds: Double, peakMemoryBytes: Int, warnings: [String]? = nil,
    chosenDefaults: [ChosenDefault]? = nil, precision: WeightPrecision? = nil,
    pilotCPUSeconds: Double? = nil, start: PretrainedStart? = nil, validationIsApart: Bool? = nil,
    device: Device? = nil
  ) {
    self.decantVersion = decantVersion
    self.torchVersion = torchVersion
    self.cpuCapability = cpuCapability
    self.threads = threads
    self.dataset = dataset
    self.datasetHash = datasetHash
    self.documents = documents
    self.labels = labels
    self.features = features
    self.parameters = parameters
    self.validationIsHeldOut = validationIsHeldOut
    self.keptEpoch = keptEpoch
    self.lastEpoch = lastEpoch
    self.preparationSeconds = preparationSeconds
    self.preparationCPUSeconds = preparationCPUSeconds
    self.trainSeconds = trainSeconds
    self.trainCPUSeconds = trainCPUSeconds
    self.peakMemoryBytes = peakMemoryBytes
    self.warnings = warnings
    self.chosenDefaults = chosenDefaults
    self.precision = precision
    self.pilotCPUSeconds = pilotCPUSeconds
    self.start = start
    self.validationIsApart = validationIsApart
    self.device = device
  }

  /// Whether there are validation documents that the training did not learn from.
  package var hasUnseenValidation: Bool { validationIsHeldOut || validationIsApart == true }
}
