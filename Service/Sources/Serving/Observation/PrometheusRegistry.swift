public import CoreMetrics
import Synchronization

/// Stores the metrics of swift-metrics and writes them in Prometheus text format.
///
/// - Source: Prometheus, Exposition formats, text format 0.0.4.
///   <https://prometheus.io/docs/instrumenting/exposition_formats/>
public final class PrometheusRegistry: MetricsFactory, Sendable {
  private struct Key: Hashable {
    var name: String
    var dimensions: String
  }

  private enum Kind: String { case counter, gauge, histogram }

  private struct State {
    var series: [Key: PrometheusSeries] = [:]
    var kinds: [String: Kind] = [:]
  }

  private let state = Mutex(State())

  /// Creates an empty registry.
  public init() {}

  /// Time buckets in seconds: a tenth of a millisecond, a quarter, a half, … ten seconds.
  private static let times: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  /// Size buckets: one, two, four, … 1,024.
  private static let sizes = (0...10).map { Double(1 << $0) }

  private func series(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind, bounds: [Double] = []
  ) -> PrometheusSeries {
    let key = Key(name: Self.name(label), dimensions: Self.labels(dimensions))
    return state.withLock { state in
      if let known = state.series[key] { return known }
      let new = PrometheusSeries(bounds: bounds)
      state.series[key] = new
      state.kinds[key.name] = kind
      return new
    }
  }

  /// Creates a counter.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter)
  }

  /// Creates a histogram of sizes, or a gauge if `aggregate` is false.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
    -> any RecorderHandler
  {
    aggregate
      ? series(label, dimensions, .histogram, bounds: Self.sizes)
      : series(label, dimensions, .gauge)
  }

  /// Creates a histogram of times, in seconds.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, .histogram, bounds: Self.times)
  }

  /// Does nothing: metrics live as long as the service.
  public func destroyCounter(_ handler: any CounterHandler) {}
  /// Does nothing: metrics live as long as the service.
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  /// Does nothing: metrics live as long as the service.
  public func destroyTimer(_ handler: any TimerHandler) {}

  /// All metrics, by name.
  public func text() -> String {
    let state = state.withLock { $0 }
    var text = ""
    let byName = Dictionary(grouping: state.series, by: \.key.name).sorted { $0.key < $1.key }
    for (name, series) in byName {
      let kind = state.kinds[name] ?? .gauge
      text += "# TYPE \(name) \(kind.rawValue)\n"
      for (key, one) in series.sorted(by: { $0.key.dimensions < $1.key.dimensions }) {
        text += one.lines(name: name, labels: key.dimensions, isHistogram: kind == .histogram)
      }
    }
    return text
  }

  private static func name(_ label: String) -> String {
    String(
      label.unicodeScalars.map {
        $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
          ? Character($0) : "_"
      })
  }

  private static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { key, value in
      let escaped = value.reduce(into: "") { text, character in
        switch character {
        case "\\": text += "\\\\"
        case "\"": text += "\\\""
        case "\n": text += "\\n"
        default: text.append(character)
        }
      }
      return "\(name(key))=\"\(escaped)\""
    }.joined(separator: ",")
  }
}

/// A counter, gauge or histogram.
final class PrometheusSeries: CounterHandler, RecorderHandler, TimerHandler, Sendable {
  private struct Value {
    var sum = 0.0
    var count = 0
    var buckets: [Int]
  }

  private let bounds: [Double]
  private let value: Mutex<Value>

  init(bounds: [Double]) {
    self.bounds = bounds
    value = Mutex(Value(buckets: [Int](repeating: 0, count: bounds.count)))
  }

  func increment(by amount: Int64) { value.withLock { $0.sum += Double(amount) } }
  func reset() { value.withLock { $0.sum = 0 } }
  func record(_ value: Int64) { record(Double(value)) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ new: Double) {
    value.withLock { value in
      guard !bounds.isEmpty else {
        value.sum = new
        return
      }
      value.sum += new
      value.count += 1
      if let bucket = bounds.firstIndex(where: { new <= $0 }) { value.buckets[bucket] += 1 }
    }
  }

  func lines(name: String, labels: String, isHistogram: Bool) -> String {
    let value = value.withLock { $0 }
    let braced = labels.isEmpty ? "" : "{\(labels)}"
    guard isHistogram else { return "\(name)\(braced) \(value.sum)\n" }
    let prefix = labels.isEmpty ? "" : labels + ","
    var total = 0
    var text = ""
    for (bound, count) in zip(bounds, value.buckets) {
      total += count
      text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
    }
    text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(value.count)\n"
    return text + "\(name)_sum\(braced) \(value.sum)\n\(name)_count\(braced) \(value.count)\n"
  }
}
