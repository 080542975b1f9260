import Foundation
public import Torch

/// What to do with a line that cannot be used.
public enum BadLinePolicy: String, Hashable, Sendable, Codable {
  /// Stop with an `InputError` that names the place.
  case refuse
  /// Leave the line out and count it.
  case skip
}

/// The lines that were left out while reading with `BadLinePolicy.skip`.
public struct SkippedLines: Hashable, Sendable {
  /// How many there were.
  public private(set) var count = 0
  /// What was wrong with the first ten.
  public private(set) var first: [InputError] = []

  /// Nothing left out yet.
  public init() {}

  /// Counts one line.
  public mutating func add(_ error: InputError) {
    count += 1
    if first.count < 10 { first.append(error) }
  }
}

/// Passes over the lines of a mapped file and gives every fault its place.
struct LineReader {
  let file: MappedFile
  let policy: BadLinePolicy
  /// What errors call the file.
  let name: String
  /// A record as it should be, for files of JSON objects; nil for other text.
  let example: String?

  /// - Parameters:
  ///   - name: what errors call the file, where that is not its own path: a packed file is read from
  ///     a nameless copy.
  ///   - example: a record as it should be, for files of JSON objects.
  init(
    file: MappedFile, policy: BadLinePolicy, name: String? = nil, example: String? = nil
  ) {
    self.file = file
    self.policy = policy
    self.name = name ?? file.path
    self.example = example
  }

  /// Calls `body` with the byte range of each line, without its line feed and without the byte order
  /// mark that the first one may have.
  ///
  /// `body` must leave nothing behind when it throws: the line may be skipped.
  ///
  /// - Throws: `InputError` for the first bad line when bad lines are refused; when all lines are bad
  ///   in any case, and when the file is of another format, by its name where it can be told.
  func forEachLine(
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
          let fault = error.inputError(file: name, line: line, lineStart: start)
          // Only the first line tells of the whole file.
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

  /// The error for a file of another format; nil where it is not known, or might hold good lines
  /// all the same and bad ones are to be left out.
  private func foreignFile(_ bytes: UnsafeRawBufferPointer, line: Int) -> InputError? {
    if let binary = ForeignFile(binary: bytes) { return error(of: binary, line: line) }
    guard example != nil, let foreign = ForeignFile(text: bytes),
      policy == .refuse || foreign.isWhole
    else { return nil }
    return error(of: foreign, line: line)
  }

  private func error(of foreign: ForeignFile, line: Int) -> InputError {
    let wanted = example.map { "one JSON object a line: \($0)" } ?? "lines of text"
    return InputError(
      file: name, line: line, column: 1, reason: "the file looks like \(foreign.name)",
      expected: wanted + (foreign.remedy.map { " (\($0))" } ?? ""))
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
      error.expected = "one JSON object a line: \(example)"
    }
    return error
  }

  /// Calls `body` with a JSON cursor on each line that holds more than white space.
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
