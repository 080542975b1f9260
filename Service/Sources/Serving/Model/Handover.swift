import Foundation

/// Moves a value from the thread that created it to the one that will use it.
///
/// After creating a handover, do not touch the value again.
struct Handover<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}

/// Runs blocking work away from the event loop.
func offTheLoop<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
  }
}
