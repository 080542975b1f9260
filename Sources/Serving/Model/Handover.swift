import Foundation

/// A value on its way from the thread that made it to the one that will use it.
///
/// Whoever makes one must not touch the value afterwards.
struct Handover<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}

/// Runs what blocks for long where it holds nobody up.
func offTheLoop<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
  }
}
