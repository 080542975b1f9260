import ArgumentParser
import Foundation

/// The option with which a training of several members starts each one.
struct Membership: ParsableArguments {
  @Option(
    name: .customLong("member-of"),
    help: ArgumentHelp("Process to report to on standard output.", visibility: .private))
  var parent: Int32?

  /// Whether to stop: a signal has arrived, or there is no one left to report to.
  func isInterrupted() -> Bool {
    Interruption.isRequested() || parent.map { getppid() != $0 } ?? false
  }
}
