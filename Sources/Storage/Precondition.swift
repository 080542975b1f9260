import Synchronization

/// When a precondition of this target is passed over.
package enum Excuse {
  private static let isPending = Mutex<(@Sendable () -> Bool)?>(nil)

  /// Sets who is asked where a precondition does not hold.
  ///
  /// `Torch` does: after an operator that libtorch refused inside `checked`, shapes mean nothing any
  /// more, and the refusal is thrown in place of a trap on its consequences.
  package static func ask(_ body: @escaping @Sendable () -> Bool) {
    isPending.withLock { $0 = body }
  }

  fileprivate static var holds: Bool { isPending.withLock { $0 }?() ?? false }
}

/// Ends the process unless `condition` or an excuse holds; in this target it takes the place of the
/// standard library's function of this name.
@inline(__always)
func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = "",
  file: StaticString = #file, line: UInt = #line
) {
  if !condition() { fail(message(), file, line) }
}

@inline(never)
private func fail(_ message: String, _ file: StaticString, _ line: UInt) {
  if !Excuse.holds { preconditionFailure(message, file: file, line: line) }
}
