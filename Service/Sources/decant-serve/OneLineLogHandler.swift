import Logging
import Storage

/// Writes one readable line per event to standard error, whatever a client has sent.
struct OneLineLogHandler: LogHandler {
  private var handler: StreamLogHandler

  init(label: String) { handler = StreamLogHandler.standardError(label: label) }

  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue.mapValues(Self.escaped) }
  }

  var logLevel: Logger.Level {
    get { handler.logLevel }
    set { handler.logLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { handler[metadataKey: key] }
    set { handler[metadataKey: key] = newValue.map(Self.escaped) }
  }

  func log(event: LogEvent) {
    var event = event
    event.message = "\("\(event.message)".onOneLine)"
    event.metadata = event.metadata?.mapValues(Self.escaped)
    handler.log(event: event)
  }

  private static func escaped(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
    .string("\(value)".onOneLine)
  }
}
