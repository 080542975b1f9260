public import Models

/// A report of a training while it runs.
public enum TrainingProgress: Hashable, Sendable {
  /// A sentence about the data, the settings or the preparation.
  case note(String)
  /// Some of the units of a stage are done, such as documents of `epoch 2/5`; at most ten times a
  /// second, and at the end of the stage.
  ///
  /// The loss is the mean of the epoch so far; nil in stages before training.
  case advanced(stage: String, done: Int, total: Int, unit: String, loss: Double?)
  /// An epoch has ended.
  case finishedEpoch(EpochRecord, of: Int)
}
