import Metrics

/// The service's metrics.
struct Observation: Sendable {
  /// The registry of all metrics.
  let registry: PrometheusRegistry
  /// The number of ranked texts.
  let textsRanked: Counter
  /// The number of verdicts.
  let verdicts: Counter
  /// The number of texts per batch.
  let batchSize: Recorder
  /// The number of jobs waiting for the model.
  let waiting: Gauge
  private let factory: any MetricsFactory

  init(registry: PrometheusRegistry) {
    self.registry = registry
    factory = registry
    textsRanked = Counter(label: "decant_texts_ranked_total", factory: registry)
    verdicts = Counter(label: "decant_feedback_verdicts_total", factory: registry)
    batchSize = Recorder(
      label: "decant_batch_texts", dimensions: [], aggregate: true, factory: registry)
    waiting = Gauge(label: "decant_jobs_waiting", factory: registry)
  }

  /// Counts a request.
  func count(route: String, method: String, status: Int, duration: Duration) {
    // Methods are chosen by clients; unknown ones share one counter.
    let method = ["GET", "HEAD", "POST"].contains(method) ? method : "other"
    Counter(
      label: "decant_requests_total",
      dimensions: [("route", route), ("method", method), ("status", String(status))],
      factory: factory
    ).increment()
    Timer(
      label: "decant_request_seconds", dimensions: [("route", route)], factory: factory
    ).recordNanoseconds(duration / .nanoseconds(1))
  }
}

extension Timer {
  fileprivate func recordNanoseconds(_ count: Double) { recordNanoseconds(Int64(count)) }
}
