internal import CTorch

/// Something that libtorch refused, with its own words.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What sort of refusal it is.
  public enum Kind: Int32, Hashable, Sendable {
    /// Anything without a kind of its own: shapes that do not fit, mostly.
    case general = 1
    /// An index outside its range.
    case index = 2
    /// An argument with an impossible value.
    case value = 3
    /// An argument of the wrong type.
    case type = 4
    /// An operator that does not exist for this device or dtype.
    case notImplemented = 5
    /// Memory is exhausted.
    case outOfMemory = 6
    /// A Swift closure of a custom function failed with an error that could not be recovered.
    case callback = 7
    /// libtorch itself could not be loaded.
    case library = 8
  }

  /// What sort of refusal it is.
  public var kind: Kind
  /// libtorch's words.
  public var message: String

  /// Describes one refusal.
  public init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  /// libtorch's words.
  public var description: String { message }

  /// The error of the call that just failed on this thread.
  @inline(never)
  static func last(_ code: Int32) -> TorchError {
    TorchError(kind: Kind(rawValue: code) ?? .general, message: String(cString: ct_last_error()))
  }

  @inline(__always)
  static func check(_ code: Int32) throws(TorchError) {
    if code != 0 { throw last(code) }
  }
}

/// Runs `body` and turns a refusal of any tensor operator in it into a thrown error.
///
/// Operators such as `a + b` do not throw: outside of `checked`, one that libtorch refuses (shapes
/// that do not fit, memory exhausted) ends the process with libtorch's words, as an index outside
/// an array does. Inside, it yields an empty tensor, and so does every operator after it, whatever it
/// is given: lengths are 0 along as many axes as one may ask for, reading elements yields none, or 0,
/// operators that throw throw it, and the preconditions of this package hold. The first error is thrown
/// when `body` returns. Use it around work whose shapes come from outside, in a server for instance.
/// Scopes nest; each thread has its own.
///
/// - Throws: the first `TorchError` of an operator, else what `body` throws.
public func checked<R>(_ body: () throws -> R) throws -> R {
  let scopes = ct_checked_scopes()!
  let outer = scopes.pointee.first_error
  scopes.pointee.first_error = nil
  scopes.pointee.depth += 1
  defer {
    scopes.pointee.depth -= 1
    scopes.pointee.first_error = outer
  }
  let result = Result { try body() }
  // An operator's error came first and is the cause of whatever followed.
  if let first = scopes.pointee.first_error {
    throw Unmanaged<ErrorBox>.fromOpaque(first).takeRetainedValue().error
  }
  return try result.get()
}

/// What an operator that cannot throw does with a refusal.
@inline(never)
func refuse(_ error: TorchError) {
  let scopes = ct_checked_scopes()!
  guard scopes.pointee.depth > 0 else { fatalError(error.message) }
  if scopes.pointee.first_error == nil {
    scopes.pointee.first_error = Unmanaged.passRetained(ErrorBox(error)).toOpaque()
  }
}

/// Throws what the innermost `checked` of this thread is going to throw, once there is something.
///
/// For code that reads as many elements of a result as it should have: a refused operator has none.
///
/// - Throws: the first `TorchError` of an operator.
public func throwRefusal() throws(TorchError) {
  if let pendingRefusal { throw pendingRefusal }
}

/// The refusal that the innermost `checked` of this thread will throw, once there is one.
@inline(__always)
var pendingRefusal: TorchError? {
  guard let first = ct_checked_scopes().pointee.first_error else { return nil }
  return Unmanaged<ErrorBox>.fromOpaque(first).takeUnretainedValue().error as? TorchError
}

/// Ends the process unless `condition` holds; in this package it takes the place of the standard
/// library's function of this name.
///
/// Where an operator was refused inside `checked`, shapes mean nothing any more: nothing is then asked,
/// and the refusal is thrown in place of a trap on what followed from it.
@inlinable
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = "",
  file: StaticString = #file, line: UInt = #line
) {
  if !condition() { fail(message(), file, line) }
}

@usableFromInline
@inline(never)
package func fail(_ message: String, _ file: StaticString, _ line: UInt) {
  guard pendingRefusal == nil else { return }
  preconditionFailure(message, file: file, line: line)
}
