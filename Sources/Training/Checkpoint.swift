import Datasets
import Foundation
public import Models
import Storage
import Torch

/// The state of the training loop, apart from the weights.
public struct LoopState: Codable, Hashable, Sendable {
  /// The next step to take.
  public var position = TrainingPosition(epoch: 0, step: 0)
  /// The sum of losses over the examples of the current epoch.
  public var lossSum = 0.0
  /// The number of examples seen in the current epoch.
  public var examples = 0
  /// The loss of the first step, before any update; nil before it, and in checkpoints of older
  /// versions.
  public var firstLoss: Double?
  /// One record per completed epoch.
  public var history: [EpochRecord] = []
  /// The best criterion so far and its epoch.
  public var best: Best?
  /// Wall-clock seconds spent in all earlier processes of this run.
  public var wallSeconds = 0.0
  /// CPU seconds spent in all earlier processes of this run.
  public var cpuSeconds = 0.0

  /// The best model so far.
  public struct Best: Codable, Hashable, Sendable {
    /// The epoch, from 0.
    public var epoch: Int
    /// The value of the criterion.
    public var criterion: Double
    /// The checksum of its tensors; nil in checkpoints of older versions.
    public var sum: String?
  }
}

/// Everything needed to resume training, in one file.
struct Checkpoint {
  var state: LoopState
  var model: [String: Tensor]
  var optimizerState: [String: Tensor]

  private static let modelPrefix = "model."
  private static let optimizerPrefix = "optimizer."

  func write(to path: String) throws {
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in model { tensors[Self.modelPrefix + name] = tensor }
    for (name, tensor) in optimizerState { tensors[Self.optimizerPrefix + name] = tensor }
    let json = String(decoding: try JSONEncoder.stable.encode(state), as: UTF8.self)
    try Safetensors.write(
      tensors, metadata: ["state": json, Self.sumKey: tensors.checkSum(with: json)], to: path)
  }

  private static let sumKey = "sum"

  /// Reads a checkpoint; its tensors share the file's memory.
  ///
  /// - Throws: `InputError` if it is damaged (checkpoints of older versions have no checksum and
  ///   are not verified), `FileError`.
  static func read(from path: String) throws -> Checkpoint {
    let file = try SafetensorsFile(path: path)
    guard let json = file.metadata["state"] else {
      throw InputError(file: path, reason: "there is no training state in the file")
    }
    if let sum = file.metadata[sumKey] {
      guard try file.tensors().checkSum(with: json) == sum else {
        throw InputError(
          file: path, reason: "the checksum does not match: the file is damaged",
          expected: "the checkpoint as decant train wrote it")
      }
    }
    var checkpoint = Checkpoint(
      state: try decodeJSON(LoopState.self, from: Data(json.utf8), file: path, firstLine: nil),
      model: [:],
      optimizerState: [:])
    for name in file.names {
      let tensor = try file.tensor(named: name)
      if name.hasPrefix(modelPrefix) {
        checkpoint.model[String(name.dropFirst(modelPrefix.count))] = tensor
      } else if name.hasPrefix(optimizerPrefix) {
        checkpoint.optimizerState[String(name.dropFirst(optimizerPrefix.count))] = tensor
      } else {
        throw InputError(file: path, reason: "the tensor \(name) belongs to no part of the state")
      }
    }
    return checkpoint
  }
}

extension [String: Tensor] {
  /// A checksum over the tensors, their names and `text`.
  func checkSum(with text: String = "") -> String {
    var lines = text
    for (name, tensor) in sorted(by: { $0.key < $1.key }) {
      lines += "\n\(name) \(tensor.withUnsafeBytes(XXHash64.hash))"
    }
    return RunSeal.text(XXHash64.hash(lines))
  }
}
