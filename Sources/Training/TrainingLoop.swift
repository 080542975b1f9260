import Foundation
import Torch

/// Runs a `TrainingTask` epoch by epoch: progress, validation, early stopping and checkpoints.
///
/// A process that is killed at any moment can be followed by another with `resuming` set: it ends
/// with the same bytes in `model.safetensors` and `metrics.jsonl` as one that was never disturbed,
/// given the same number of threads and the same kind of processor.
public struct TrainingLoop: Codable, Hashable, Sendable {
  /// The number of passes over the data, at most.
  public var epochs: Int
  /// How many epochs without a better validation to wait before stopping; nil never stops early.
  ///
  /// Where the task validates, the best epoch's model is the result; the last one's is kept too.
  public var patience: Int?
  /// Seconds between checkpoints.
  public var checkpointInterval: Double

  /// Sets up a loop.
  public init(epochs: Int, patience: Int? = nil, checkpointInterval: Double = 30) {
    self.epochs = epochs
    self.patience = patience
    self.checkpointInterval = checkpointInterval
  }

  /// What a training came to.
  public struct Outcome: Codable, Hashable, Sendable {
    /// One record an epoch.
    public var history: [EpochRecord]
    /// The epoch (from 1) whose model was kept.
    public var keptEpoch: Int
    /// Seconds on the wall, over all processes of the run.
    public var wallSeconds: Double
    /// Seconds of processor time, over all processes of the run.
    public var cpuSeconds: Double
    /// Why the model is probably of no use, and what to do; nil where the loss fell.
    public var warning: String?
  }

  /// Trains and leaves the model in `folder`.
  ///
  /// - Parameters:
  ///   - resuming: goes on from the folder's checkpoint, where there is one.
  ///   - progress: told about every step and epoch.
  ///   - isInterrupted: asked before each step; once it says yes, a checkpoint is written and the
  ///     training ends with `TrainingError.interrupted`.
  /// - Throws: `InputError` when the checkpoint is damaged or belongs to another task,
  ///   `TrainingError` when the loss or a weight stops being a number or the training is interrupted,
  ///   and what the task throws.
  public func run(
    _ task: some TrainingTask, in folder: RunFolder, resuming: Bool, progress: ProgressBar? = nil,
    isInterrupted: () -> Bool = { false }
  ) throws -> Outcome {
    var state = LoopState()
    if resuming, folder.has(folder.checkpoint) {
      let checkpoint = try Checkpoint.read(from: folder.checkpoint)
      do {
        try task.restore(model: checkpoint.model, optimizerState: checkpoint.optimizerState)
      } catch let error as InputError {
        // The task knows tensors, not where they were read.
        throw InputError(
          file: folder.checkpoint, reason: error.reason, expected: error.expected)
      }
      state = checkpoint.state
      progress?.line(
        state.position.epoch < epochs
          ? "resuming at epoch \(state.position.epoch + 1), step \(state.position.step + 1)"
          : "resuming after the last epoch")
    }
    defer { progress?.clear() }
    let started = ResourceUsage.now()
    let earlier = (wall: state.wallSeconds, cpu: state.cpuSeconds)
    func stopClocks() {
      let now = ResourceUsage.now()
      state.wallSeconds = earlier.wall + now.wallSeconds - started.wallSeconds
      state.cpuSeconds = earlier.cpu + now.cpuSeconds - started.cpuSeconds
    }
    var lastCheckpoint = started.wallSeconds
    let totalSteps = epochs * task.stepsPerEpoch

    while state.position.epoch < epochs, !isExhausted(state) {
      progress?.begin(done: state.examples)
      let begun = (wall: ResourceUsage.wallSeconds(), examples: state.examples)
      while state.position.step < task.stepsPerEpoch {
        if isInterrupted() {
          stopClocks()
          try save(state, of: task, in: folder)
          throw TrainingError.interrupted(at: state.position)
        }
        // An operator that libtorch refuses must not take the process with it.
        let (loss, examples) = try checked {
          try task.step(at: state.position, totalSteps: totalSteps)
        }
        guard loss.isFinite else {
          throw TrainingError.lossIsNotFinite(value: loss, at: state.position)
        }
        if state.position == TrainingPosition(epoch: 0, step: 0) { state.firstLoss = loss }
        state.lossSum += loss * Double(examples)
        state.examples += examples
        state.position.step += 1
        progress?.update(
          title: "epoch \(state.position.epoch + 1)/\(epochs)", done: state.examples,
          total: task.exampleCount, unit: "documents",
          remark: "loss \(rounded(state.lossSum / Double(max(state.examples, 1))))")
        if state.position.step < task.stepsPerEpoch,
          ResourceUsage.wallSeconds() - lastCheckpoint >= checkpointInterval
        {
          stopClocks()
          try save(state, of: task, in: folder)
          lastCheckpoint = ResourceUsage.wallSeconds()
        }
      }
      let examples = state.examples - begun.examples
      let record = try endEpoch(&state, of: task, in: folder)
      let now = ResourceUsage.wallSeconds()
      progress?.line(summary(record, seconds: now - begun.wall, examples: examples))
      if now - lastCheckpoint >= checkpointInterval {
        stopClocks()
        try save(state, of: task, in: folder)
        lastCheckpoint = ResourceUsage.wallSeconds()
      }
    }
    stopClocks()

    let kept = state.best?.epoch ?? max(0, state.position.epoch - 1)
    if state.best != nil {
      // The best epoch's weights lie in a file of their own already.
      try Safetensors.write(task.model, metadata: ["format": "decant"], to: folder.last)
      let best = try SafetensorsFile(path: folder.best)
      let tensors = try best.tensors()
      guard state.best?.sum == nil || tensors.checkSum() == state.best?.sum else {
        throw InputError(
          file: folder.best, reason: "its check sum is wrong: the file is damaged",
          expected: "the best model as the training wrote it; train anew in another folder")
      }
      try Safetensors.write(tensors, metadata: best.metadata, to: folder.model)
    } else {
      try Safetensors.write(task.model, metadata: ["format": "decant"], to: folder.model)
    }
    return Outcome(
      history: state.history, keptEpoch: kept + 1, wallSeconds: state.wallSeconds,
      cpuSeconds: state.cpuSeconds, warning: Self.warning(state, keptEpoch: kept))
  }

  /// What is said of a training that ended much worse than it began.
  ///
  /// Batches differ, and those with hard negatives become harder: a loss of a few times the first
  /// one says nothing.
  private static func warning(_ state: LoopState, keptEpoch: Int) -> String? {
    guard let first = state.firstLoss, state.history.indices.contains(keptEpoch),
      state.history[keptEpoch].loss > 10 * first
    else { return nil }
    return String(
      format: "nothing was learnt: the loss was %.4g at the first step and %.4g in epoch %d, whose "
        + "model is kept; a smaller learning rate usually helps",
      first, state.history[keptEpoch].loss, keptEpoch + 1)
  }

  private func isExhausted(_ state: LoopState) -> Bool {
    guard let patience, let best = state.best, state.position.step == 0 else { return false }
    return state.position.epoch - 1 - best.epoch >= patience
  }

  private func endEpoch(_ state: inout LoopState, of task: some TrainingTask, in folder: RunFolder)
    throws -> EpochRecord
  {
    // A loss tells of the weights before its step: the last step's own are looked at here.
    if let name = try task.model.sorted(by: { $0.key < $1.key })
      .map({ (name: $0.key, tensor: $0.value) }).firstNotFinite()
    {
      throw TrainingError.weightIsNotFinite(name: name, epoch: state.position.epoch)
    }
    let validation = try checked { try task.validate() }
    let record = EpochRecord(
      epoch: state.position.epoch + 1, loss: state.lossSum / Double(max(state.examples, 1)),
      validation: validation?.metrics)
    state.history.append(record)
    // Whoever watches the training reads it here; a resumed one writes the same lines again.
    try folder.writeMetrics(state.history)
    if let validation, validation.criterion > state.best?.criterion ?? -.infinity {
      state.best = .init(
        epoch: state.position.epoch, criterion: validation.criterion, sum: task.model.checkSum())
      try Safetensors.write(task.model, metadata: ["format": "decant"], to: folder.best)
    }
    state.position = TrainingPosition(epoch: state.position.epoch + 1, step: 0)
    state.lossSum = 0
    state.examples = 0
    return record
  }

  private func save(_ state: LoopState, of task: some TrainingTask, in folder: RunFolder) throws {
    try Checkpoint(state: state, model: task.model, optimizerState: task.optimizerState)
      .write(to: folder.checkpoint)
  }

  private func summary(_ record: EpochRecord, seconds: Double, examples: Int) -> String {
    var text = "epoch \(record.epoch)/\(epochs)  loss \(rounded(record.loss))"
    for (name, value) in (record.validation ?? [:]).sorted(by: { $0.key < $1.key }) {
      text += "  \(name) \(rounded(value, places: 2))"
    }
    let rate = Int(Double(examples) / max(seconds, 1e-9))
    return text + "  \(rate) documents/s  \(ProgressBar.duration(seconds))"
  }
}

/// A training that cannot go on.
public enum TrainingError: Error, CustomStringConvertible {
  /// The loss became infinite or NaN.
  case lossIsNotFinite(value: Double, at: TrainingPosition)
  /// A weight became infinite or NaN in an epoch, counted from 0.
  case weightIsNotFinite(name: String, epoch: Int)
  /// The model's numbers do not fit into the memory that the process may have.
  case modelIsTooLarge(bytes: Double, available: Double)
  /// Somebody asked for an end; a checkpoint is written.
  case interrupted(at: TrainingPosition)
  /// Somebody asked for an end before the first step; nothing is kept.
  case interruptedWhilePreparing
  /// Somebody asked for an end of a cross-validation; nothing is kept.
  case interruptedInFold(Int, of: Int)

  /// What happened and what helps.
  public var description: String {
    switch self {
    case .lossIsNotFinite(let value, let position):
      "the loss became \(value.isNaN ? "NaN" : "\(value)") in epoch \(position.epoch + 1), step \(position.step + 1); "
        + "a smaller learning rate usually helps"
    case .weightIsNotFinite(let name, let epoch):
      "the weights \"\(name)\" have become infinite or NaN in epoch \(epoch + 1); "
        + "a smaller learning rate usually helps"
    case .modelIsTooLarge(let bytes, let available):
      String(
        format: "the model needs %.1f GB, this process may have %.1f GB; choose shorter embeddings",
        bytes / 1e9, available / 1e9)
    case .interrupted(let position):
      "interrupted before step \(position.step + 1) of epoch \(position.epoch + 1); "
        + "a checkpoint is written, --resume goes on from there"
    case .interruptedWhilePreparing:
      "interrupted while the texts were encoded; the next training begins that again"
    case .interruptedInFold(let fold, let folds):
      "interrupted in fold \(fold) of \(folds); nothing is kept, the next audit begins anew"
    }
  }
}

/// `value` with `places` digits behind the point.
func rounded(_ value: Double, places: Int = 4) -> String {
  String(format: "%.\(places)f", value)
}
