import Foundation

/// Invalid input: the place, the problem and the expected form.
public struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, or the name of a stream ("standard input").
  public var file: String
  /// The line, counted from 1, if known.
  public var line: Int?
  /// The column (the byte of the line, counted from 1), if known.
  public var column: Int?
  /// The problem, with the offending value.
  public var reason: String
  /// The expected form.
  public var expected: String?

  /// Creates an error about one problem in one file.
  public init(
    file: String, line: Int? = nil, column: Int? = nil, reason: String, expected: String? = nil
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.reason = reason
    self.expected = expected
  }

  /// `file:line:column: reason; expected …`, a form that editors can jump to; on one line, with
  /// control characters escaped.
  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    if line != nil, let column { text += ":\(column)" }
    text += ": \(reason)"
    if let expected { text += "; expected \(expected)" }
    return text.onOneLine
  }
}

/// Invalid values: their name, the problem and the expected form.
///
/// For embeddings, scores, labels and stored state that are checked where no file is known;
/// `attributingErrors(to:_:)` turns it into an `InputError` where one is.
public struct ValueError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The values, such as "embeddings" or "--add".
  public var subject: String
  /// The problem, with the offending value.
  public var reason: String
  /// The expected form.
  public var expected: String?

  /// Creates an error about one problem in the values called `subject`.
  public init(_ subject: String, reason: String, expected: String? = nil) {
    self.subject = subject
    self.reason = reason
    self.expected = expected
  }

  /// `subject: reason; expected …`, on one line, with control characters escaped.
  public var description: String {
    var text = "\(subject): \(reason)"
    if let expected { text += "; expected \(expected)" }
    return text.onOneLine
  }
}

/// Runs `body` on values that were read from `file`.
///
/// - Throws: `InputError` naming the file in place of a `ValueError`, and any other error of `body`.
public func attributingErrors<Result>(to file: String, _ body: () throws -> Result) throws -> Result
{
  do {
    return try body()
  } catch let error as ValueError {
    throw InputError(file: file, reason: error.reason, expected: error.expected)
  }
}

/// A file operation that the system rejected.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or folder.
  public var path: String
  /// The operation, such as "open".
  public var action: String
  /// The system's error number (`errno`).
  public var code: Int32

  /// Creates an error.
  public init(path: String, action: String, code: Int32) {
    self.path = path
    self.action = action
    self.code = code
  }

  /// `cannot open FILE: No such file or directory`.
  public var description: String {
    "cannot \(action) \(path): \(String(cString: strerror(code)))".onOneLine
  }
}
