import ServiceLifecycle
import Synchronization

/// Whether requests are welcome, and the order in which the service ends.
final class Readiness: Service, Sendable {
  private struct State {
    var isReady = false
    var isEnding = false
    var connections = 0
  }

  private let state = Mutex(State())
  /// How long connections may stay open for a last request.
  private let grace: Duration

  init(grace: Duration) { self.grace = grace }

  /// Whether requests are welcome.
  var isReady: Bool { state.withLock { $0.isReady } }
  /// Whether every answer is to be the last one of its connection.
  var isEnding: Bool { state.withLock { $0.isEnding } }

  func set(_ isReady: Bool) { state.withLock { $0.isReady = isReady } }
  func connectionOpened() { state.withLock { $0.connections += 1 } }
  func connectionClosed() { state.withLock { $0.connections -= 1 } }

  /// Waits for the end; then has connections closed by their next answer, before the server closes
  /// those that are idle.
  func run() async throws {
    try await gracefulShutdown()
    state.withLock {
      $0.isReady = false
      $0.isEnding = true
    }
    let end = ContinuousClock.now + grace
    while state.withLock({ $0.connections > 0 }), .now < end {
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}
