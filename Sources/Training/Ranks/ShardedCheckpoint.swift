import Foundation
import Models
import Storage
import Torch

/// The checkpoint of several processes: a file of each, and a list that makes them valid together.
///
/// All files of a step are complete before the list names the step, so that a process killed at any
/// time leaves the earlier checkpoint or the new one. Any number of processes can continue from it.
struct ShardedCheckpoint: Codable, Hashable {
  /// The number of checkpoints before this one.
  var number: Int
  /// The number of processes that wrote it.
  var size: Int

  private func file(_ rank: Int, in folder: RunFolder) -> String {
    "\(folder.path)/checkpoint-\(number).\(rank)of\(size).safetensors"
  }

  /// The latest checkpoint in a folder; nil if there is none.
  static func latest(in folder: RunFolder) throws -> ShardedCheckpoint? {
    guard folder.has(folder.shardedCheckpoint) else { return nil }
    return try folder.read(ShardedCheckpoint.self, from: folder.shardedCheckpoint)
  }

  /// Writes a checkpoint of all ranks together.
  static func write(
    _ state: LoopState, of task: some TrainingTask, by group: ProcessGroup, in folder: RunFolder
  ) throws {
    let before = try latest(in: folder)
    // Every rank has read the list before the first one replaces it.
    try checked { group.barrier() }
    let new = ShardedCheckpoint(number: (before?.number ?? 0) + 1, size: group.size)
    try Checkpoint(state: state, model: task.model, optimizerState: task.optimizerState)
      .write(to: new.file(group.rank, in: folder))
    try checked { group.barrier() }
    guard group.rank == 0 else { return }
    try folder.write(new, to: folder.shardedCheckpoint)
    unlink(folder.checkpoint)
    removeParts(in: folder, but: new)
  }

  /// The parts of all processes, which share the files' memory.
  func read(in folder: RunFolder) throws -> [Checkpoint] {
    try (0..<size).map { try Checkpoint.read(from: file($0, in: folder)) }
  }

  /// Removes the checkpoint with all its files.
  static func remove(in folder: RunFolder) {
    unlink(folder.shardedCheckpoint)
    removeParts(in: folder, but: nil)
  }

  private static func removeParts(in folder: RunFolder, but kept: ShardedCheckpoint?) {
    let names = kept.map { kept in (0..<kept.size).map { kept.file($0, in: folder) } } ?? []
    for name in folder.fileNames where RunFolder.isCheckpointPart(name) {
      let path = folder.path + "/" + name
      if !names.contains(path) { unlink(path) }
    }
  }
}

extension Checkpoint {
  /// The latest checkpoint of a run, as this process of a task needs it; nil if there is none.
  ///
  /// As many processes may have written it as were at work then.
  static func latest(in folder: RunFolder, for task: some TrainingTask) throws -> Checkpoint? {
    let alone = folder.has(folder.checkpoint) ? try read(from: folder.checkpoint) : nil
    guard let task = task as? any DividedTask else { return alone }
    var parts = try ShardedCheckpoint.latest(in: folder)?.read(in: folder) ?? []
    // A process that was killed while it replaced one kind by the other leaves both.
    if let alone, parts.first.map({ $0.state.position < alone.state.position }) ?? true {
      parts = [alone]
    }
    guard let first = parts.first else { return nil }
    if parts.count == 1, task.group == nil { return first }
    let all = parts.map { $0.model.merging($0.optimizerState) { first, _ in first } }
    let own =
      task.group.map { task.division.part($0.rank, of: $0.size, from: all) }
      ?? task.division.whole(of: all)
    return Checkpoint(
      state: first.state, model: own.filter { first.model[$0.key] != nil },
      optimizerState: own.filter { first.optimizerState[$0.key] != nil })
  }
}
