internal import Foundation
internal import Synchronization

/// The result of a call of libtorch, which may wait longer than it was told to; nil after `timeout`.
///
/// The call then goes on in its thread until the process ends.
func withDeadline<Value: Sendable>(
  _ timeout: Duration, _ body: @escaping @Sendable () -> Value
) -> Value? {
  let box = ResultBox<Value>()
  let isDone = DispatchSemaphore(value: 0)
  DispatchQueue.global().async {
    let value = body()
    box.value.withLock { $0 = value }
    isDone.signal()
  }
  _ = isDone.wait(timeout: .now() + .milliseconds(Int(timeout.milliseconds)))
  return box.value.withLock { $0 }
}

private final class ResultBox<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}
