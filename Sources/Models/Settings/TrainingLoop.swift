/// Runs a `TrainingTask` epoch by epoch: progress, validation, early stopping and checkpoints.
///
/// A killed process can be followed by another with `resuming` set: it ends with the same bytes in
/// `model.safetensors` and `metrics.jsonl` as an undisturbed one, given the same number of threads
/// and the same kind of processor.
public struct TrainingLoop: Codable, Hashable, Sendable {
  /// The maximum number of passes over the data.
  public var epochs: Int
  /// The number of epochs without improvement before stopping; nil never stops early.
  ///
  /// If the task validates, the best epoch's model is the result; the last one's is saved too.
  public var patience: Int?
  /// Seconds between checkpoints.
  public var checkpointInterval: Double

  /// Creates a loop.
  public init(epochs: Int, patience: Int? = nil, checkpointInterval: Double = 30) {
    self.epochs = epochs
    self.patience = patience
    self.checkpointInterval = checkpointInterval
  }
}
