import CoreMetrics
import Serving
import Testing

/// The text that Prometheus reads.
@Suite struct PrometheusRegistryTests {
  @Test func `writes counters, gauges and histograms by name`() {
    let registry = PrometheusRegistry()
    let counter = Counter(
      label: "jobs_total", dimensions: [("kind", "a\"b\\c\nd")], factory: registry)
    counter.increment(by: 3)
    Counter(label: "jobs_total", dimensions: [("kind", "a\"b\\c\nd")], factory: registry)
      .increment()
    Gauge(label: "queue.length", factory: registry).record(7)
    let sizes = Recorder(label: "sizes", dimensions: [], aggregate: true, factory: registry)
    for size in [1, 2, 3, 5000] { sizes.record(size) }
    let text = registry.text()
    // The format's own escapes: backslash, quote and newline.
    #expect(text.contains(#"jobs_total{kind="a\"b\\c\nd"} 4.0"#))
    #expect(text.contains("# TYPE jobs_total counter\n"))
    #expect(text.contains("# TYPE queue_length gauge\nqueue_length 7.0\n"))
    #expect(text.contains("# TYPE sizes histogram\n"))
    #expect(text.contains("sizes_bucket{le=\"1.0\"} 1\nsizes_bucket{le=\"2.0\"} 2\n"))
    #expect(text.contains("sizes_bucket{le=\"1024.0\"} 3\nsizes_bucket{le=\"+Inf\"} 4\n"))
    #expect(text.contains("sizes_sum 5006.0\nsizes_count 4\n"))
  }

  @Test func `writes durations in seconds`() {
    let registry = PrometheusRegistry()
    Timer(label: "wait", dimensions: [("route", "/x")], factory: registry)
      .recordMilliseconds(40)
    #expect(registry.text().contains("wait_bucket{route=\"/x\",le=\"0.025\"} 0\n"))
    #expect(registry.text().contains("wait_bucket{route=\"/x\",le=\"0.05\"} 1\n"))
    #expect(registry.text().contains("wait_sum{route=\"/x\"} 0.04\n"))
  }
}
