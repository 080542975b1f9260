internal import CTorch
import Storage

/// An error reported by libtorch, with its message.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The categories of errors.
  public enum Kind: Int32, Hashable, Sendable {
    /// Anything not covered below: mostly shapes that do not fit.
    case general = 1
    /// An index outside its range.
    case index = 2
    /// An argument with an invalid value.
    case value = 3
    /// An argument of the wrong type.
    case type = 4
    /// An operator that is not available for this device or dtype.
    case notImplemented = 5
    /// Memory is exhausted.
    case outOfMemory = 6
    /// A custom function's Swift closure failed, and its error could not be recovered.
    case callback = 7
    /// libtorch itself could not be loaded.
    case library = 8
    /// Processes that compute together have lost one of them.
    case collective = 9
  }

  /// The category of the error.
  public var kind: Kind
  /// libtorch's message.
  public var message: String

  /// Creates an error.
  public init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  /// libtorch's message.
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

/// Runs `body` and throws the first error of any tensor operator in it.
///
/// Operators such as `a + b` do not throw: outside `checked`, one that fails (shapes that do not
/// fit, memory exhausted) ends the process with libtorch's message, as an out-of-bounds array index
/// does. Inside, it returns an empty tensor, and so does every operator after it, whatever its
/// arguments: every axis has length 0, reading elements returns none, or 0, operators that throw
/// rethrow the error, and the preconditions of this package hold. The first error is thrown when
/// `body` returns. Use it around work whose shapes are external input, in a server for instance.
/// Scopes nest; each thread has its own.
///
/// - Throws: the error of `Runtime.load()` without libtorch; else the first `TorchError` of an
///   operator, or else the error of `body`.
public func checked<R>(_ body: () throws -> R) throws -> R {
  try Runtime.load()
  let scopes = ct_checked_scopes()!
  let outer = scopes.pointee.first_error
  scopes.pointee.first_error = nil
  scopes.pointee.depth += 1
  defer {
    scopes.pointee.depth -= 1
    scopes.pointee.first_error = outer
  }
  let result = Result { try body() }
  // An operator's error came first and caused the later ones.
  if let first = scopes.pointee.first_error {
    throw Unmanaged<ErrorBox>.fromOpaque(first).takeRetainedValue().error
  }
  return try result.get()
}

/// Handles the error of an operator that cannot throw.
@inline(never)
func refuse(_ error: TorchError) {
  let scopes = ct_checked_scopes()!
  guard scopes.pointee.depth > 0 else {
    Runtime.require()
    fatalError(error.message)
  }
  if scopes.pointee.first_error == nil {
    _ = excusesPreconditions
    scopes.pointee.first_error = Unmanaged.passRetained(ErrorBox(error)).toOpaque()
  }
}

/// Excuses the preconditions of `Storage` like those of this package.
private let excusesPreconditions: Void = Excuse.ask { pendingRefusal != nil }

/// Throws the pending error of this thread's innermost `checked` scope, if there is one.
///
/// Call it before reading an expected number of elements: the result of a failed operator has none.
///
/// - Throws: the first `TorchError` of an operator.
public func throwRefusal() throws(TorchError) {
  if let pendingRefusal { throw pendingRefusal }
}

/// The pending error of this thread's innermost `checked` scope, if there is one.
@inline(__always)
var pendingRefusal: TorchError? {
  guard let first = ct_checked_scopes().pointee.first_error else { return nil }
  return Unmanaged<ErrorBox>.fromOpaque(first).takeUnretainedValue().error as? TorchError
}

/// Ends the process unless `condition` holds; replaces the standard library's function in this
/// package.
///
/// After an operator has failed inside `checked`, shapes are meaningless: the condition is then not
/// evaluated, and the pending error is thrown instead of a trap on its consequences.
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
