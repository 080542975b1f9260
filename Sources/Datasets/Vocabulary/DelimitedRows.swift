import Storage

/// The rows of a table in text form: CSV and TSV as RFC 4180 describes them, with any separator.
///
/// A cell in quotation marks may contain separators, line ends and doubled quotation marks. Texts
/// come out in Normalization Form C. Blank lines are left out.
struct DelimitedRows {
  private let file: MappedFile
  private let name: String
  private let separator: UInt8

  /// Refers to a file.
  ///
  /// - Parameter name: the file's name in errors.
  init(_ file: MappedFile, name: String, separator: UInt8) {
    (self.file, self.name, self.separator) = (file, name, separator)
  }

  /// Calls `body` with the cells of each row and the number of its first line.
  ///
  /// - Throws: `InputError` for a quotation mark that is not closed or a row that is not UTF-8, and
  ///   any error of `body`.
  func forEach(_ body: ([String], Int) throws -> Void) throws {
    try file.withBytes { bytes in
      var position = ByteOrderMark.length(in: bytes)
      var line = 1
      while position < bytes.count {
        let (first, start) = (line, position)
        let cells = try naming(line: first, start: start) { () throws(LineFault) in
          try row(in: bytes, at: &position, line: &line)
        }
        if cells.count > 1 || !cells[0].allSatisfy(\.isWhitespace) { try body(cells, first) }
      }
    }
  }

  private func naming<R>(
    line: Int, start: Int, _ body: () throws(LineFault) -> R
  ) throws -> R {
    do throws(LineFault) {
      return try body()
    } catch {
      throw error.inputError(file: name, line: line, lineStart: start)
    }
  }

  /// Reads the row at `position`, moves past it and counts its lines.
  private func row(
    in bytes: UnsafeRawBufferPointer, at position: inout Int, line: inout Int
  ) throws(LineFault) -> [String] {
    var cells: [String] = []
    while true {
      cells.append(try cell(in: bytes, at: &position, line: &line))
      // The cell ends at a separator, at a line end or at the end of the file.
      guard position < bytes.count, bytes[position] == separator else { break }
      position += 1
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: "\r") { position += 1 }
    if position < bytes.count, bytes[position] == UInt8(ascii: "\n") { position += 1 }
    line += 1
    return cells
  }

  private func cell(
    in bytes: UnsafeRawBufferPointer, at position: inout Int, line: inout Int
  ) throws(LineFault) -> String {
    let quote = UInt8(ascii: "\"")
    let start = position
    guard position < bytes.count, bytes[position] == quote else {
      while position < bytes.count, !endsCell(bytes, position) { position += 1 }
      return try Self.text(bytes, start..<position)
    }
    position += 1
    let content = position
    var hasDoubled = false
    while true {
      guard position < bytes.count else {
        throw LineFault(
          position: start, reason: "the quotation mark is not closed", expected: "another one")
      }
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      guard bytes[position] == quote else {
        position += 1
        continue
      }
      guard position + 1 < bytes.count, bytes[position + 1] == quote else { break }
      hasDoubled = true
      position += 2
    }
    let end = position
    position += 1
    guard position == bytes.count || endsCell(bytes, position) else {
      throw LineFault(
        position: position, reason: "text after the closing quotation mark",
        expected: "a separator or the end of the line")
    }
    let text = try Self.text(bytes, content..<end)
    return hasDoubled ? text.replacing("\"\"", with: "\"") : text
  }

  private func endsCell(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> Bool {
    let byte = bytes[position]
    if byte == separator || byte == UInt8(ascii: "\n") { return true }
    return byte == UInt8(ascii: "\r")
      && (position + 1 == bytes.count || bytes[position + 1] == UInt8(ascii: "\n"))
  }

  /// Some bytes as text in Normalization Form C.
  ///
  /// - Throws: `LineFault` if they are not UTF-8 or contain U+0000.
  static func text(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) throws(LineFault) -> String {
    try text(bytes[range], at: range.lowerBound)
  }

  /// The same for bytes in memory that were read from `position` on.
  static func text(
    _ bytes: some Sequence<UInt8>, at position: Int
  ) throws(LineFault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LineFault(
        position: position, reason: "the text is not UTF-8",
        expected: "UTF-8 (iconv converts to it)")
    }
    guard !text.utf8.contains(0) else {
      throw LineFault(
        position: position, reason: "the text contains the control character U+0000",
        expected: "text without it")
    }
    return text.normalizedToNFC
  }

  /// A valid name.
  ///
  /// - Throws: `LineFault` if the text is not one.
  static func name(_ text: String, at position: Int) throws(LineFault) -> String {
    do throws(Name.Fault) {
      return try Name(text).text
    } catch {
      throw LineFault(
        position: position, reason: "the id \(error.reason)", expected: error.expected)
    }
  }
}
