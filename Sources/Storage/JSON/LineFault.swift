/// A fault in one line of a file, before the file and line are known.
package struct LineFault: Error {
  /// The offset of the offending byte in the file; nil if there is none.
  package var position: Int?
  package var reason: String
  package var expected: String?

  package init(position: Int? = nil, reason: String, expected: String? = nil) {
    self.position = position
    self.reason = reason
    self.expected = expected
  }

  /// The error with its line and its column, for a line that starts at byte `lineStart`.
  package func inputError(file: String, line: Int, lineStart: Int) -> InputError {
    InputError(
      file: file, line: line, column: position.map { $0 - lineStart + 1 }, reason: reason,
      expected: expected)
  }
}
