import Metrics

/// The service's metrics.
struct Observation: Sendable {
  private let registry = PrometheusRegistry()
  private var factory: any MetricsFactory { registry }

  /// All metrics in Prometheus text format.
  var text: String { registry.text() }

  /// The receiver of the measurements of a run's thread.
  func measurements(ofRun name: String) -> @Sendable (ModelThread.Measurement) -> Void {
    let labels = [("run", name)]
    let batch = Recorder(
      label: "decant_batch_texts", dimensions: labels, aggregate: true, factory: factory)
    func timer(_ label: String) -> Timer {
      Timer(label: label, dimensions: labels, factory: factory)
    }
    let wait = timer("decant_queue_wait_seconds")
    let features = timer("decant_features_seconds")
    let ranking = timer("decant_ranking_seconds")
    return { measurement in
      switch measurement {
      case .batch(let texts): batch.record(texts)
      case .wait(let time): wait.record(duration: time)
      case .features(let time): features.record(duration: time)
      case .ranking(let time): ranking.record(duration: time)
      }
    }
  }

  /// Counts ranked texts.
  func countRanked(_ texts: Int, by run: String) {
    counter("decant_texts_ranked_total", run).increment(by: texts)
  }

  /// Counts texts that were embedded.
  func countEmbedded(_ texts: Int, by run: String) {
    counter("decant_texts_embedded_total", run).increment(by: texts)
  }

  /// Counts verdicts.
  func countVerdicts(_ verdicts: Int, on run: String) {
    counter("decant_feedback_verdicts_total", run).increment(by: verdicts)
  }

  /// Records the number of jobs waiting for a run's model.
  func recordWaiting(_ jobs: Int, for run: String) {
    Gauge(label: "decant_jobs_waiting", dimensions: [("run", run)], factory: factory)
      .record(jobs)
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
      label: "decant_request_seconds", dimensions: [("route", route)],
      factory: factory
    ).record(duration: duration)
  }

  private func counter(_ label: String, _ run: String) -> Counter {
    Counter(label: label, dimensions: [("run", run)], factory: factory)
  }
}
