import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Counts the SIGHUPs: each one asks for all runs to be opened again.
final class ReloadSignal: Service {
  private let received = Mutex(0)
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  /// The number of requests so far.
  var count: Int { received.withLock { $0 } }

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      logger.notice("SIGHUP: all runs are opened again")
      received.withLock { $0 += 1 }
    }
  }
}
