import Foundation
import Storage

/// The results of one epoch.
///
/// Contains no times, so that an interrupted run has the same records.
public struct EpochRecord: Codable, Hashable, Sendable {
  /// The epoch, from 1, as shown to people.
  public var epoch: Int
  /// The mean loss over the epoch's examples.
  public var loss: Double
  /// Metrics on the validation part; nil if none is held out.
  public var validation: [String: Double]?

  /// Records an epoch.
  package init(epoch: Int, loss: Double, validation: [String: Double]? = nil) {
    self.epoch = epoch
    self.loss = loss
    self.validation = validation
  }
}

extension RunFolder {
  /// The records of completed epochs; empty if the file does not exist.
  ///
  /// - Throws: `InputError` if a line is damaged, `FileError`.
  public func readMetrics() throws -> [EpochRecord] {
    guard has(metrics) else { return [] }
    let file = isComplete ? try RunFiles(self).open(metrics) : try MappedFile(path: metrics)
    let text = file.withBytes { String(decoding: $0, as: UTF8.self) }
    return try text.split(separator: "\n").enumerated().map { index, line in
      try decodeJSON(
        EpochRecord.self, from: Data(line.utf8), file: metrics, firstLine: index + 1)
    }
  }
}
