import Foundation
public import Models
import Storage
import Torch

extension TrainingLoop {
  /// The result of a training run.
  public struct Outcome: Codable, Hashable, Sendable {
    /// One record per epoch.
    public var history: [EpochRecord]
    /// The epoch of the saved model, from 1.
    public var keptEpoch: Int
    /// Wall-clock seconds, over all processes of the run.
    public var wallSeconds: Double
    /// CPU seconds, over all processes of the run.
    public var cpuSeconds: Double
    /// Why the model is probably useless, with advice; nil if the loss fell.
    public var warning: String?
  }

  /// Trains and writes the model to `folder`.
  ///
  /// - Parameters:
  ///   - resuming: continues from the folder's checkpoint, if there is one.
  ///   - progress: receives every step and epoch.
  ///   - isInterrupted: checked before each step; once it returns true, a checkpoint is written and
  ///     training ends with `TrainingError.interrupted`.
  /// - Throws: `InputError` if the checkpoint is damaged or belongs to another task,
  ///   `TrainingError` if the loss or a weight is not finite or training is interrupted, and any
  ///   error of the task.
  public func run(
    _ task: some TrainingTask, in folder: RunFolder, resuming: Bool, progress: ProgressBar? = nil,
    isInterrupted: () -> Bool = { false }
  ) throws -> Outcome {
    var state = LoopState()
    let group = (task as? any DividedTask)?.group
    if resuming, let checkpoint = try Checkpoint.latest(in: folder, for: task) {
      try attributingErrors(to: folder.checkpoint) {
        try task.restore(model: checkpoint.model, optimizerState: checkpoint.optimizerState)
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
        var isStopping = isInterrupted()
        var isDue =
          state.position.step > 0
          && ResourceUsage.wallSeconds() - lastCheckpoint >= checkpointInterval
        if let group {
          let votes = try group.agree([isStopping, isDue])
          (isStopping, isDue) = (votes[0], votes[1])
        }
        if isStopping {
          stopClocks()
          try save(state, of: task, in: folder)
          throw TrainingError.interrupted(at: state.position)
        }
        if isDue {
          stopClocks()
          try save(state, of: task, in: folder)
          lastCheckpoint = ResourceUsage.wallSeconds()
        }
        // An operator that libtorch rejects must not end the process.
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
          loss: state.lossSum / Double(max(state.examples, 1)))
      }
      let examples = state.examples - begun.examples
      let record = try endEpoch(&state, of: task, in: folder)
      let now = ResourceUsage.wallSeconds()
      progress?.end(
        record, of: epochs, summary(record, seconds: now - begun.wall, examples: examples))
      let isDue = now - lastCheckpoint >= checkpointInterval
      if try group?.agree([isDue])[0] ?? isDue {
        stopClocks()
        try save(state, of: task, in: folder)
        lastCheckpoint = ResourceUsage.wallSeconds()
      }
    }
    stopClocks()

    let kept = state.best?.epoch ?? max(0, state.position.epoch - 1)
    let model = try wholeModel(of: task)
    if let group, group.rank > 0 {
      // The first rank writes the files.
    } else if state.best != nil {
      // The best epoch's weights are in a separate file already.
      try Safetensors.write(model, metadata: ["format": "decant"], to: folder.last)
      let best = try SafetensorsFile(path: folder.best)
      let tensors = try best.tensors()
      guard state.best?.sum == nil || tensors.checkSum() == state.best?.sum else {
        throw InputError(
          file: folder.best, reason: "the checksum does not match: the file is damaged",
          expected: "the best model as training wrote it; start a new run in another folder")
      }
      try Safetensors.write(tensors, metadata: best.metadata, to: folder.model)
    } else {
      try Safetensors.write(model, metadata: ["format": "decant"], to: folder.model)
    }
    return Outcome(
      history: state.history, keptEpoch: kept + 1, wallSeconds: state.wallSeconds,
      cpuSeconds: state.cpuSeconds, warning: Self.warning(state, keptEpoch: kept))
  }

  /// A warning if training ended much worse than it started.
  ///
  /// Batches differ, and those with hard negatives get harder: a few times the initial loss is
  /// normal.
  private static func warning(_ state: LoopState, keptEpoch: Int) -> String? {
    guard let first = state.firstLoss, state.history.indices.contains(keptEpoch),
      state.history[keptEpoch].loss > 10 * first
    else { return nil }
    return String(
      format: "nothing was learnt: the loss was %.4g at the first step and %.4g in epoch %d, whose "
        + "model was saved; a smaller learning rate usually helps",
      first, state.history[keptEpoch].loss, keptEpoch + 1)
  }

  private func isExhausted(_ state: LoopState) -> Bool {
    guard let patience, let best = state.best, state.position.step == 0 else { return false }
    return state.position.epoch - 1 - best.epoch >= patience
  }

  private func endEpoch(_ state: inout LoopState, of task: some TrainingTask, in folder: RunFolder)
    throws -> EpochRecord
  {
    let group = (task as? any DividedTask)?.group
    // The loss was computed before the step's update, so the updated weights are checked here.
    let faulty = try task.model.sorted(by: { $0.key < $1.key })
      .map({ (name: $0.key, tensor: $0.value) }).firstNotFinite()
    if try group?.agree([faulty != nil])[0] ?? (faulty != nil) {
      throw TrainingError.weightIsNotFinite(
        name: faulty ?? "of another process", epoch: state.position.epoch)
    }
    let validation = try checked { try task.validate() }
    let record = EpochRecord(
      epoch: state.position.epoch + 1, loss: state.lossSum / Double(max(state.examples, 1)),
      validation: validation?.metrics)
    state.history.append(record)
    // Written so that others can watch; a resumed run writes the same lines again.
    let isFirst = group.map { $0.rank == 0 } ?? true
    if isFirst { try folder.writeMetrics(state.history) }
    if let validation, validation.criterion > state.best?.criterion ?? -.infinity {
      let model = try wholeModel(of: task)
      state.best = .init(
        epoch: state.position.epoch, criterion: validation.criterion, sum: model.checkSum())
      if isFirst { try Safetensors.write(model, metadata: ["format": "decant"], to: folder.best) }
    }
    state.position = TrainingPosition(epoch: state.position.epoch + 1, step: 0)
    state.lossSum = 0
    state.examples = 0
    return record
  }

  private func save(_ state: LoopState, of task: some TrainingTask, in folder: RunFolder) throws {
    if let group = (task as? any DividedTask)?.group {
      return try ShardedCheckpoint.write(state, of: task, by: group, in: folder)
    }
    try Checkpoint(state: state, model: task.model, optimizerState: task.optimizerState)
      .write(to: folder.checkpoint)
    ShardedCheckpoint.remove(in: folder)
  }

  /// The tensors needed for prediction; empty on other ranks than the first.
  private func wholeModel(of task: some TrainingTask) throws -> [String: Tensor] {
    guard let divided = task as? any DividedTask, let group = divided.group else {
      return task.model
    }
    return try group.whole(task.model, divided.division)
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

/// An error that ends training.
public enum TrainingError: Error, CustomStringConvertible {
  /// The loss became infinite or NaN.
  case lossIsNotFinite(value: Double, at: TrainingPosition)
  /// A weight became infinite or NaN in an epoch, counted from 0.
  case weightIsNotFinite(name: String, epoch: Int)
  /// The weights are finite, but their scores are not.
  case scoresAreNotFinite
  /// A weight or a label vector does not fit into the numbers of a precision.
  case weightsAreTooLarge(for: WeightPrecision)
  /// The model does not fit into the memory available to the process.
  case modelIsTooLarge(bytes: Double, available: Double)
  /// Interrupted; a checkpoint was written.
  case interrupted(at: TrainingPosition)
  /// Interrupted before the first step; nothing is saved.
  case interruptedWhilePreparing
  /// Interrupted during cross-validation; nothing is saved.
  case interruptedInFold(Int, of: Int)
  /// Interrupted in a training that calibrates a finished run.
  case interruptedInCalibration
  /// Interrupted in a pilot, before a run was begun.
  case interruptedInPilot
  /// Interrupted in a search for settings, whose trials are kept in a file.
  case interruptedInSearch(log: String)

  /// The error with advice.
  public var description: String {
    switch self {
    case .lossIsNotFinite(let value, let position):
      "the loss became \(value.isNaN ? "NaN" : "\(value)") in epoch \(position.epoch + 1), step \(position.step + 1); "
        + "a smaller learning rate usually helps"
    case .weightIsNotFinite(let name, let epoch):
      "the weights \"\(name)\" have become infinite or NaN in epoch \(epoch + 1); "
        + "a smaller learning rate usually helps"
    case .scoresAreNotFinite:
      "the model's scores are infinite or NaN; a smaller learning rate usually helps"
    case .weightsAreTooLarge(let precision):
      "a weight of the model is too large for --precision \(precision.rawValue); use float32, or a "
        + "smaller learning rate"
    case .modelIsTooLarge(let bytes, let available):
      String(
        format:
          "the model needs %.1f GB, this process can use %.1f GB; choose shorter embeddings or "
          + "smaller hidden layers",
        bytes / 1e9, available / 1e9)
    case .interrupted(let position):
      "interrupted before step \(position.step + 1) of epoch \(position.epoch + 1); "
        + "a checkpoint was written, --resume continues from there"
    case .interruptedWhilePreparing:
      "interrupted while encoding texts; the next run starts encoding again"
    case .interruptedInFold(let fold, let folds):
      "interrupted in fold \(fold) of \(folds); nothing is saved, the next audit starts over"
    case .interruptedInCalibration:
      "interrupted while the scores were calibrated; the model is complete, and decant calibrate makes "
        + "its probabilities"
    case .interruptedInPilot:
      "interrupted in a pilot; nothing is saved, the next training starts with it again"
    case .interruptedInSearch(let log):
      "interrupted; the same command continues with the trials in \(log)"
    }
  }
}
