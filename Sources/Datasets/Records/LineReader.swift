import Foundation
public import Storage

/// How to treat malformed lines.
public enum BadLinePolicy: String, Hashable, Sendable, Codable, CaseIterable {
  /// Throw an `InputError` with the position.
  case refuse
  /// Skip the line and count it.
  case skip
}

/// The lines that were skipped while reading with `BadLinePolicy.skip`.
public struct SkippedLines: Hashable, Sendable {
  /// The number of lines.
  public private(set) var count = 0
  /// The problems of the first ten.
  public private(set) var first: [InputError] = []

  /// Creates an empty list.
  public init() {}

  /// Counts one line.
  public mutating func add(_ error: InputError) {
    count += 1
    if first.count < 10 { first.append(error) }
  }
}

/// Iterates over the lines of a mapped file and adds the position to every error.
package struct LineReader {
  let file: MappedFile
  let policy: BadLinePolicy
  /// The file's name in errors.
  let name: String
  /// An example of a valid record, for files of JSON objects; nil for other text.
  let example: String?
  /// Where the lines come from; nil if the file is the user's.
  let places: RecordPlaces?

  /// - Parameters:
  ///   - name: the file's name in errors, if it differs from its path: a compressed file is read
  ///     from an unnamed copy.
  ///   - example: an example of a valid record, for files of JSON objects.
  package init(
    file: MappedFile, policy: BadLinePolicy, name: String? = nil, example: String? = nil
  ) {
    self.init(file: file, policy: policy, name: name, example: example, places: nil)
  }

  /// - Parameter places: where the lines come from, if the file is a converted copy.
  init(
    file: MappedFile, policy: BadLinePolicy, name: String? = nil, example: String? = nil,
    places: RecordPlaces?
  ) {
    self.file = file
    self.policy = policy
    self.name = name ?? file.path
    self.example = example
    self.places = places
  }

  /// Calls `body` with the byte range of each line, without its line feed and without a byte order
  /// mark at the beginning of the first.
  ///
  /// `body` must have no lasting effect when it throws: the line may be skipped.
  ///
  /// - Throws: `InputError` for the first bad line if bad lines are refused; in any case if all
  ///   lines are bad, or if the file has another format, which the error names if it is recognised.
  package func forEachLine(
    skipped: inout SkippedLines,
    _ body: (UnsafeRawBufferPointer, Range<Int>) throws(LineFault) -> Void
  ) throws {
    try file.withBytes { bytes in
      var start = ByteOrderMark.length(in: bytes)
      var line = 0
      var bad: (count: Int, first: InputError)?
      var hasGoodLine = false
      while start < bytes.count {
        line += 1
        let end = Self.lineEnd(in: bytes, from: start)
        do throws(LineFault) {
          try body(bytes, start..<end)
          hasGoodLine = hasGoodLine || !bytes[start..<end].allSatisfy(ForeignFile.isBlank)
        } catch {
          let fault = located(error, line: line, lineStart: start)
          // Only the first line reveals the format of the whole file.
          if !hasGoodLine, bad == nil, let other = foreignFile(bytes, line: line) { throw other }
          guard policy == .skip else { throw fault }
          skipped.add(fault)
          bad = (1 + (bad?.count ?? 0), bad?.first ?? fault)
        }
        start = end + 1
      }
      if let bad, !hasGoodLine { throw allBad(bad.count, bad.first, bytes) }
    }
  }

  /// A fault with its position in the user's file.
  private func located(_ fault: LineFault, line: Int, lineStart: Int) -> InputError {
    guard let places else {
      return fault.inputError(file: name, line: line, lineStart: lineStart)
    }
    // Columns of a converted line are not those of the file.
    let (file, line) = places[line - 1]
    return InputError(file: file, line: line, reason: fault.reason, expected: fault.expected)
  }

  /// The error for a file of another format; nil if the format is not recognised, or if it may
  /// contain valid lines and bad ones are skipped.
  private func foreignFile(_ bytes: UnsafeRawBufferPointer, line: Int) -> InputError? {
    if let binary = ForeignFile(binary: bytes) { return error(of: binary, line: line) }
    guard example != nil, let foreign = ForeignFile(text: bytes),
      policy == .refuse || foreign.isWhole
    else { return nil }
    return error(of: foreign, line: line)
  }

  private func error(of foreign: ForeignFile, line: Int) -> InputError {
    foreign.error(
      file: name, line: line,
      wanted: example.map { "one JSON object per line: \($0)" } ?? "lines of text")
  }

  private func allBad(_ count: Int, _ first: InputError, _ bytes: UnsafeRawBufferPointer)
    -> InputError
  {
    var error = first
    error.reason =
      (count == 1 ? "the only line is bad: " : "all \(count) lines are bad; the first: ")
      + first.reason
    if let example, let foreign = ForeignFile(text: bytes) {
      error.reason += "; the file looks like \(foreign.name)"
      error.expected = "one JSON object per line: \(example)"
    }
    return error
  }

  /// Calls `body` with a JSON cursor for each line that is not just white space.
  func forEachRecord(
    skipped: inout SkippedLines, _ body: (inout JSONCursor) throws(LineFault) -> Void
  ) throws {
    try forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      var cursor = JSONCursor(bytes, in: range)
      if cursor.isAtEnd() { return }
      try body(&cursor)
    }
  }

  /// The position of the next line feed, or the end.
  static func lineEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard let base = bytes.baseAddress,
      let found = memchr(base + start, 0x0A, bytes.count - start)
    else { return bytes.count }
    return UnsafeRawPointer(found) - base
  }
}
