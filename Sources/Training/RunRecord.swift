import Datasets
import Evaluation

/// What a finished training came to, with all that is needed to compare it with another.
public struct RunRecord: Codable, Hashable, Sendable {
  /// The version of Decant that trained.
  public var decantVersion: String
  /// The version of libtorch.
  public var torchVersion: String
  /// The instruction set libtorch used.
  public var cpuCapability: String
  /// The number of threads.
  public var threads: Int
  /// The name of the data set.
  public var dataset: String
  /// Names the exact contents of the data set.
  public var datasetHash: String?
  /// The number of documents trained on.
  public var documents: Int
  /// The number of labels.
  public var labels: Int
  /// The number of features.
  public var features: Int
  /// The number of learnt numbers.
  public var parameters: Int
  /// Whether the validation part was held out.
  public var validationIsHeldOut: Bool
  /// The epoch (from 1) whose model was kept.
  public var keptEpoch: Int
  /// The last epoch (from 1); nil in records of versions that did not note it.
  public var lastEpoch: Int?
  /// Seconds on the wall for reading the data and making features (of the last process).
  public var preparationSeconds: Double
  /// Seconds of processor time for the same.
  public var preparationCPUSeconds: Double
  /// Seconds on the wall for the training itself.
  public var trainSeconds: Double
  /// Seconds of processor time for the training itself.
  public var trainCPUSeconds: Double
  /// The most memory resident at once, in bytes (of the last process).
  public var peakMemoryBytes: Int
  /// Why the model is probably of no use; nil where nothing speaks against it, and in records of
  /// versions that did not look.
  public var warnings: [String]?
}
