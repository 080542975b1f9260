import ServiceLifecycle
import Synchronization

/// Whether the service accepts requests, and the order of its shutdown.
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

  /// Whether the service accepts requests.
  var isReady: Bool { state.withLock { $0.isReady } }
  /// Whether every response must be the last of its connection.
  var isEnding: Bool { state.withLock { $0.isEnding } }

  func set(_ isReady: Bool) { state.withLock { $0.isReady = isReady } }
  func connectionOpened() { state.withLock { $0.connections += 1 } }
  func connectionClosed() { state.withLock { $0.connections -= 1 } }

  /// Waits for the shutdown; then lets connections close with their next response, before the
  /// server closes idle ones.
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
