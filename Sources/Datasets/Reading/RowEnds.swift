import Storage

/// Finds the end of the last complete record in bytes that arrive.
///
/// A row of a table ends at a line feed outside quotation marks; a record of another format at any
/// line feed, or only at the end of all bytes.
struct RowEnds {
  private enum Rule { case line, row(separator: UInt8, hasQuotes: Bool), all }

  /// The end of the last complete record in the bytes so far.
  private(set) var end = 0
  private let rule: Rule
  private var searched = 0
  private var isQuoted = false
  /// Whether a quotation mark here begins a cell, or continues one after another.
  private var mayOpen = true

  /// - Parameter dialect: that of a table; nil for other formats.
  init(_ format: DataFormat, _ dialect: CSVDialect?) {
    rule =
      format == .json
      ? .all
      : dialect.map { .row(separator: $0.separator, hasQuotes: $0.hasQuotes) } ?? .line
  }

  /// Looks at the bytes that were not there before.
  mutating func look(at bytes: UnsafeRawBufferPointer, isAll: Bool) {
    if searched == 0 { searched = ByteOrderMark.length(in: bytes) }
    switch rule {
    case .all: break
    case .line:
      if let last = bytes[searched...].lastIndex(of: UInt8(ascii: "\n")) { end = last + 1 }
    case .row(let separator, let hasQuotes):
      for position in searched..<bytes.count {
        step(bytes[position], separator: separator, hasQuotes: hasQuotes)
        if bytes[position] == UInt8(ascii: "\n"), !isQuoted { end = position + 1 }
      }
    }
    searched = bytes.count
    if isAll { end = bytes.count }
  }

  private mutating func step(_ byte: UInt8, separator: UInt8, hasQuotes: Bool) {
    if isQuoted {
      guard byte == UInt8(ascii: "\"") else { return }
      // The next one is written twice, or the cell is over.
      (isQuoted, mayOpen) = (false, true)
    } else if byte == UInt8(ascii: "\""), hasQuotes, mayOpen {
      isQuoted = true
    } else {
      mayOpen = byte == separator || byte == UInt8(ascii: "\n")
    }
  }

  /// Forgets the bytes up to `end`, which the caller removes.
  mutating func removeToEnd() {
    searched -= end
    end = 0
  }
}
