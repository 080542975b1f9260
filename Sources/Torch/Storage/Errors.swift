import Foundation

/// Input that cannot be used: names the place, what is wrong there and what was expected.
public struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, or a name for the stream ("standard input").
  public var file: String
  /// The line, counted from 1, where one is known.
  public var line: Int?
  /// The column (a byte of the line, counted from 1), where one is known.
  public var column: Int?
  /// What is wrong, with the offending value.
  public var reason: String
  /// What would have been right.
  public var expected: String?

  /// Describes one fault of one file.
  public init(
    file: String, line: Int? = nil, column: Int? = nil, reason: String, expected: String? = nil
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.reason = reason
    self.expected = expected
  }

  /// `file:line:column: reason; expected …`, the form that editors can jump to; on one line, with
  /// control characters as escapes.
  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    if line != nil, let column { text += ":\(column)" }
    text += ": \(reason)"
    if let expected { text += "; expected \(expected)" }
    return text.onOneLine
  }
}

/// The system refused an operation on a file.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or folder.
  public var path: String
  /// What was tried, such as "open".
  public var action: String
  /// The system's error number (`errno`).
  public var code: Int32

  /// Describes one refusal.
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
