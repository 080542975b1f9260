import Datasets
import Foundation
import Torch

/// Where a training stands, beside the weights.
public struct LoopState: Codable, Hashable, Sendable {
  /// The next step to take.
  public var position = TrainingPosition(epoch: 0, step: 0)
  /// The sum of the losses of the epoch so far, over its examples.
  public var lossSum = 0.0
  /// The examples of the epoch so far.
  public var examples = 0
  /// The loss of the first step, before anything was learnt; nil before it, and in checkpoints of
  /// versions that did not keep it.
  public var firstLoss: Double?
  /// One record an epoch that is over.
  public var history: [EpochRecord] = []
  /// The best criterion so far and the epoch that reached it.
  public var best: Best?
  /// Seconds on the wall spent in all earlier processes of this run.
  public var wallSeconds = 0.0
  /// Seconds of processor time spent in all earlier processes of this run.
  public var cpuSeconds = 0.0

  /// The best model so far.
  public struct Best: Codable, Hashable, Sendable {
    /// The epoch, from 0.
    public var epoch: Int
    /// What it reached.
    public var criterion: Double
    /// The check sum of its tensors; nil in checkpoints of versions that did not note it.
    public var sum: String?
  }
}

/// What one epoch came to.
///
/// Holds no times: a run that was interrupted has the same records.
public struct EpochRecord: Codable, Hashable, Sendable {
  /// The epoch, from 1 (this is what people read).
  public var epoch: Int
  /// The mean loss over the epoch's examples.
  public var loss: Double
  /// Metrics of the validation part, where one is held out.
  public var validation: [String: Double]?
}

/// All that a training needs to go on, in one file.
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

  /// Reads a checkpoint; its tensors borrow the file's bytes.
  ///
  /// - Throws: `InputError` when it is damaged; checkpoints of versions without a check sum are taken
  ///   as they are. `FileError`.
  static func read(from path: String) throws -> Checkpoint {
    let file = try SafetensorsFile(path: path)
    guard let json = file.metadata["state"] else {
      throw InputError(file: path, reason: "there is no training state in it")
    }
    if let sum = file.metadata[sumKey] {
      guard try file.tensors().checkSum(with: json) == sum else {
        throw InputError(
          file: path, reason: "its check sum is wrong: the file is damaged",
          expected: "the checkpoint as decant train has written it")
      }
    }
    var checkpoint = Checkpoint(
      state: try decodeJSON(LoopState.self, from: Data(json.utf8), file: path), model: [:],
      optimizerState: [:])
    for name in file.names {
      let tensor = try file.tensor(named: name)
      if name.hasPrefix(modelPrefix) {
        checkpoint.model[String(name.dropFirst(modelPrefix.count))] = tensor
      } else if name.hasPrefix(optimizerPrefix) {
        checkpoint.optimizerState[String(name.dropFirst(optimizerPrefix.count))] = tensor
      } else {
        throw InputError(file: path, reason: "the tensor \(name) belongs to nothing")
      }
    }
    return checkpoint
  }
}

extension [String: Tensor] {
  /// A number that changes with every byte of the tensors, their names and `text`.
  func checkSum(with text: String = "") -> String {
    var lines = text
    for (name, tensor) in sorted(by: { $0.key < $1.key }) {
      lines += "\n\(name) \(tensor.withUnsafeBytes(XXHash64.hash))"
    }
    return RunSeal.text(XXHash64.hash(lines))
  }
}

extension JSONEncoder {
  /// The same bytes for the same value.
  static var stable: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// The same, indented for people.
  static var readable: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return encoder
  }
}
