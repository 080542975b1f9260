import Foundation
import Logging

/// Writes one JSON object per line to standard error.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  private let label: String

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  private struct Line: Encodable {
    var time: String
    var level: String
    var logger: String
    var message: String
    var metadata: [String: String]?
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let line = Line(
      time: Date.now.formatted(.iso8601.time(includingFractionalSeconds: true)),
      level: event.level.rawValue, logger: label, message: "\(event.message)",
      metadata: all.isEmpty ? nil : all.mapValues { "\($0)" })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var data = try? encoder.encode(line) else { return }
    data.append(UInt8(ascii: "\n"))
    // One write per line, so that lines of several threads do not mix.
    data.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
