import Logging
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// Traces that requests continue.
@Suite struct TraceTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00f067aa0ba902b7"

  @Test func `continues a trace with a new step`() {
    let context = TraceContext(continuing: "00-\(Self.trace)-\(Self.parent)-01")
    #expect(context.traceID == Self.trace && context.parentID == Self.parent)
    #expect(context.isSampled && context.spanID != Self.parent)
    #expect(context.header == "00-\(Self.trace)-\(context.spanID)-01")
    // A later version may have more fields, and flags that this one does not know.
    let later = TraceContext(continuing: "01-\(Self.trace)-\(Self.parent)-fe-more")
    #expect(later.traceID == Self.trace && !later.isSampled)
    #expect(later.header.hasPrefix("00-") && later.header.hasSuffix("-00"))
  }

  @Test(arguments: [
    nil, "", "00-x", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-01-more",
    "ff-\(trace)-\(parent)-01", "00-\(trace.uppercased())-\(parent)-01",
    "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
    "00-\(trace)-\(parent)-1",
  ]) func `begins a trace if there is none`(header: String?) {
    let context = TraceContext(continuing: header)
    #expect(context.parentID == nil && context.traceID != Self.trace)
    #expect(context.traceID.count == 32 && context.spanID.count == 16)
  }

  @Test func `answers and logs the trace`() async throws {
    let small = try SmallModel()
    let lines = Lines()
    let logger = Logger(label: "test") { _ in CollectingHandler(lines: lines) }
    try await withService([small.toServe()], logger: logger) { service in
      let answer = try await service.ask(
        "GET", "/v1/model", headers: ["traceparent": "00-\(Self.trace)-\(Self.parent)-01"])
      #expect(answer.head.contains("traceparent: 00-\(Self.trace)-"), "\(answer.head)")
      let refused = try await service.ask("GET", "/nowhere")
      #expect(refused.head.contains("traceparent: 00-"))
      let line = try #require(lines.all.first { $0["route"] == "/v1/model" }, "\(lines.all)")
      #expect(line["trace_id"] == Self.trace && line["parent_id"] == Self.parent)
    }
  }
}

/// The metadata of logged lines.
private final class Lines: Sendable {
  private let lines = Mutex<[[String: String]]>([])
  var all: [[String: String]] { lines.withLock { $0 } }
  func add(_ line: [String: String]) { lines.withLock { $0.append(line) } }
}

private struct CollectingHandler: LogHandler {
  let lines: Lines
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.add(metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" })
  }
}
