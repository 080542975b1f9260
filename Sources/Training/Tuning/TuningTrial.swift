import Foundation
import Models
import Storage

/// One training of a search for settings, judged on held-out training documents.
public struct TuningTrial: Codable, Hashable, Sendable {
  /// The settings that differ from the start: JSON values by path.
  public var changes: [String: String]
  /// The random seed.
  public var seed: UInt64
  /// The number of documents that were trained on.
  public var documents: Int
  /// Metrics on the held-out documents, in percent; empty if the training failed.
  public var metrics: [String: Double]
  /// Wall-clock seconds, divided by the number of trials side by side.
  public var seconds: Double

  /// The mean of P@1 and nDCG@5, by which trials are compared.
  public var score: Double { metrics.score }

  /// Whether this is the trial of some settings.
  func isOf(_ changes: [String: String], seed: UInt64) -> Bool {
    self.changes == changes && self.seed == seed
  }
}

/// The trials of a search, kept in a file so that an interrupted search goes on.
struct TuningLog {
  /// The first line of the file, which holds for all trials.
  struct Head: Codable, Hashable {
    /// A hash of the data set's exact contents.
    var data: String
    /// The settings at the start, as JSON.
    var start: String
    /// The most documents to train on.
    var documents: Int
  }

  let path: String
  let head: Head
  private(set) var trials: [TuningTrial] = []

  /// Starts a file, or goes on with one.
  ///
  /// - Throws: `InputError` if the file belongs to other data or settings or is damaged; `FileError`.
  init(path: String, data: String, start: String, documents: () throws -> Int) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      head = Head(data: data, start: start, documents: try documents())
      try write()
      return
    }
    let text = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
    let lines = text.split(separator: "\n")
    head = try decodeJSON(Head.self, from: Data((lines.first ?? "").utf8), file: path)
    guard head.documents > 0, head.data == data, head.start == start else {
      throw InputError(
        file: path, reason: "these trials are of other data or of other settings",
        expected: "the same data and options, or no such file")
    }
    let paths = Set(Setting.all.map(\.path))
    trials = try lines.dropFirst().enumerated().map { index, line in
      let trial = try decodeJSON(TuningTrial.self, from: Data(line.utf8), file: path)
      guard trial.seconds >= 0, trial.metrics.values.allSatisfy({ (0...100).contains($0) }),
        trial.changes.keys.allSatisfy(paths.contains)
      else {
        throw InputError(
          file: path, line: index + 2, reason: "this is not a trial",
          expected: "settings, percentages and seconds as decant tune wrote them")
      }
      return trial
    }
  }

  mutating func add(_ trial: TuningTrial) throws {
    trials.append(trial)
    try write()
  }

  private func write() throws {
    let lines =
      [try JSONEncoder.stable.encode(head)] + (try trials.map { try JSONEncoder.stable.encode($0) })
    try writeAtomically(
      lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined(), to: path)
  }
}
