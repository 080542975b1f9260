import Storage

/// One record of a file, before anyone knows which of its fields is the text.
struct SourceRecord {
  /// The line where it begins, counted from 1.
  var line: Int
  /// The fields in the order of the file, with the bytes where their values begin.
  var fields: [JSONValue.Member]

  /// The value of the field `name`; nil if there is none.
  ///
  /// `issue.title` is the member `title` of the field `issue`, unless a field has that name.
  subscript(name: String) -> JSONValue.Element? {
    if let field = fields.first(where: { $0.name == name }) { return field.element }
    guard name.contains(".") else { return nil }
    var members = fields
    var element: JSONValue.Element?
    for part in name.split(separator: ".", omittingEmptySubsequences: false) {
      element = members.first { $0.name.normalizedToNFC == part }?.element
      members = element?.value.members ?? []
    }
    return element
  }

  /// The names of the fields; of an object, those of its members.
  ///
  /// Objects may be labels.
  var names: [String] {
    func names(_ field: JSONValue.Member, in group: String) -> [String] {
      let name = group + field.name.normalizedToNFC
      let members = field.element.value.members
      return members.isEmpty || UsualColumns.isLabel(name)
        ? [name] : members.flatMap { names($0, in: name + ".") }
    }
    return fields.flatMap { names($0, in: "") }
  }
}

extension SourceRecord {
  /// The name of a field with a list of objects that are not labels; nil if there is none.
  var listOfRecords: String? {
    fields.first { field in
      guard case .array(let elements) = field.element.value, !UsualColumns.isLabel(field.name)
      else { return false }
      return !elements.isEmpty && elements.allSatisfy { !$0.value.members.isEmpty }
    }?.name
  }
}

/// A position in a text, with its line.
struct RecordScanner {
  let bytes: UnsafeRawBufferPointer
  /// The byte that comes next.
  private(set) var position: Int
  /// The line of that byte, counted from 1.
  private(set) var line = 1
  /// Whether a fault hides where the next record begins.
  var isLost = false

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    position = ByteOrderMark.length(in: bytes)
  }

  /// Starts in the middle, or in bytes that begin with line `line` of a text.
  init(_ bytes: UnsafeRawBufferPointer, at position: Int, line: Int) {
    self.init(bytes)
    self.line = line
    if position > 0 || line > 1 { self.position = position }
  }

  var isAtEnd: Bool { position >= bytes.count }

  /// Moves forward and counts the lines in between.
  mutating func move(to end: Int) {
    var next = position
    while next < end {
      let lineEnd = LineReader.lineEnd(in: bytes, from: next)
      guard lineEnd < end else { break }
      line += 1
      next = lineEnd + 1
    }
    position = end
  }

  /// The bytes of the current line without its end; moves to the next.
  mutating func takeLine() -> Range<Int> {
    let start = position
    let end = LineReader.lineEnd(in: bytes, from: start)
    position = min(end + 1, bytes.count)
    line += 1
    let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
    return start..<(hasReturn ? end - 1 : end)
  }

  /// The text of some bytes.
  ///
  /// - Throws: `LineFault` with the first byte that is not UTF-8.
  func text(_ range: Range<Int>) throws(LineFault) -> String {
    if let text = String(validating: bytes[range], as: UTF8.self) { return text }
    var parser = UTF8.ForwardParser()
    var rest = bytes[range].makeIterator()
    var position = range.lowerBound
    while case .valid(let scalar) = parser.parseScalar(from: &rest) { position += scalar.count }
    position = min(position, range.upperBound - 1)
    throw LineFault(
      position: position,
      reason:
        "the text is not UTF-8 (byte 0x\(String(bytes[position], radix: 16, uppercase: true)))",
      expected: "UTF-8, or --encoding with the name of another one")
  }
}

/// A format whose records can be read one after the other.
protocol RecordFormat {
  /// Reads the record at the scanner and moves past it, also when it throws.
  ///
  /// - Returns: nil without a record, such as on a blank line.
  mutating func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]?
}

extension InputFile {
  /// Calls `body` with the records of the file.
  ///
  /// - Parameters:
  ///   - limit: the number of lines or records after which to stop.
  ///   - bad: called with each record that cannot be read or that `body` refuses; throws to stop.
  /// - Throws: the errors of `bad`; `InputError` for a fault that hides where the next record begins.
  func forEachRecord(
    of format: some RecordFormat, limit: Int = .max, bad: (InputError) throws -> Void,
    _ body: (SourceRecord) throws(LineFault) -> Void
  ) throws {
    var format = format
    try content.withBytes { bytes in
      var scanner = RecordScanner(bytes)
      var count = 0
      while !scanner.isAtEnd, count < limit {
        let (start, line) = (scanner.position, scanner.line)
        do throws(LineFault) {
          guard let fields = try format.record(&scanner) else { continue }
          count += 1
          try body(SourceRecord(line: line, fields: fields))
        } catch {
          count += 1
          let error = error.located(file: name, recordAt: start, line: line, in: bytes)
          if scanner.isLost { throw error }
          try bad(error)
        }
      }
    }
  }
}

extension LineFault {
  /// A fault of a record with its line and column, which may be those of a later line of the record.
  func located(file: String, recordAt start: Int, line: Int, in bytes: UnsafeRawBufferPointer)
    -> InputError
  {
    var (lineStart, line) = (start, line)
    while let position, position > lineStart {
      let end = LineReader.lineEnd(in: bytes, from: lineStart)
      guard end < position else { break }
      (lineStart, line) = (end + 1, line + 1)
    }
    return inputError(file: file, line: line, lineStart: lineStart)
  }
}
