import Foundation
import Synchronization

/// Turns SIGINT and SIGTERM into a flag that training polls between steps.
enum Interruption {
  private static let signals = [SIGINT, SIGTERM]

  /// Whether one of the signals has arrived.
  ///
  /// The first call starts catching them. Before it, and when a signal arrives a second time, they
  /// end the process at once.
  static func isRequested() -> Bool {
    _ = isCaught
    return received.load(ordering: .relaxed) != 0
  }

  /// The code that a shell reports for a process ended by the signal.
  static var exitCode: Int32 { 128 + received.load(ordering: .relaxed) }

  private static let isCaught: Bool = {
    // Initialised before a handler can use it.
    received.store(0, ordering: .relaxed)
    for number in signals where !isIgnored(number) {
      signal(number) { number in
        received.store(number, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
    return true
  }()

  /// Whether the process was started to ignore a signal, like a background job.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    // SIG_IGN is the address 1; Swift cannot compare function types with it.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }
}

private let received = Atomic<Int32>(0)
