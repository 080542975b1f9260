import Foundation
import Storage

/// How the rows of a table are written: RFC 4180, with other separators.
///
/// <https://www.rfc-editor.org/rfc/rfc4180>. A cell in quotation marks may contain separators, line
/// ends, and quotation marks written twice. A quotation mark elsewhere is a character like others.
struct CSVDialect: Hashable {
  /// The byte between two cells.
  var separator: UInt8
  /// Whether cells may be in quotation marks.
  var hasQuotes = true
  /// Whether rows end at a carriage return alone, as in files of old programs.
  var endsAtReturn = false

  static let separators = ([",", ";", "\t", "|"] as [Unicode.Scalar]).map { UInt8(ascii: $0) }

  /// A cell: its bytes, without the quotation marks around it.
  struct Cell {
    var range: Range<Int>
    /// Whether quotation marks in it are written twice.
    var hasDoubledQuotes = false
  }

  /// Reads the next row, blank lines too.
  ///
  /// - Throws: `LineFault` for a cell that is not closed, which leaves the scanner lost, and for text
  ///   after the closing quotation mark.
  func row(_ scanner: inout RecordScanner) throws(LineFault) -> [Cell] {
    let bytes = scanner.bytes
    if scanner.position <= ByteOrderMark.length(in: bytes), let line = Self.separatorLine(bytes) {
      scanner.move(to: line.end)
      if scanner.isAtEnd { return [] }
    }
    var cells: [Cell] = []
    var position = scanner.position
    var fault: LineFault?
    while true {
      if hasQuotes, position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
        let (cell, end) = try quotedCell(&scanner, from: position)
        cells.append(cell)
        position = end
        if let end = rowEnd(bytes, at: position) {
          scanner.move(to: end)
          break
        }
        if bytes[position] != separator {
          fault = LineFault(
            position: position, reason: "text after the closing quotation mark",
            expected:
              "a separator or the end of the row; a quotation mark in a cell is written twice")
          while rowEnd(bytes, at: position) == nil, bytes[position] != separator { position += 1 }
        }
      } else {
        let start = position
        while position < bytes.count, bytes[position] != separator,
          bytes[position] != UInt8(ascii: "\n"),
          bytes[position] != UInt8(ascii: "\r")
            || rowEnd(bytes, at: position) == nil
        {
          position += 1
        }
        cells.append(Cell(range: start..<position))
      }
      if let end = rowEnd(bytes, at: position) {
        scanner.move(to: end)
        break
      }
      position += 1
    }
    if let fault { throw fault }
    return cells
  }

  /// The separator that a first line `sep=;` names to spreadsheet programs, and the line's end.
  private static func separatorLine(_ bytes: UnsafeRawBufferPointer) -> (
    separator: UInt8, end: Int
  )? {
    let start = ByteOrderMark.length(in: bytes)
    let mark = "sep=".utf8
    guard bytes.count > start + mark.count, bytes[start...].starts(with: mark) else { return nil }
    let end = start + mark.count + 1
    let line = LineReader.lineEnd(in: bytes, from: start)
    guard end == line || end + 1 == line && bytes[end] == UInt8(ascii: "\r") else { return nil }
    return (bytes[end - 1], min(line + 1, bytes.count))
  }

  private func quotedCell(_ scanner: inout RecordScanner, from start: Int) throws(LineFault)
    -> (cell: Cell, end: Int)
  {
    let bytes = scanner.bytes
    var cell = Cell(range: start + 1..<start + 1)
    var position = start + 1
    while true {
      guard let quote = bytes.firstIndex(of: UInt8(ascii: "\""), from: position) else {
        scanner.isLost = true
        throw LineFault(
          position: start, reason: "the quotation mark is not closed",
          expected: "another one at the end of the cell; those within are written twice")
      }
      guard quote + 1 < bytes.count, bytes[quote + 1] == UInt8(ascii: "\"") else {
        cell.range = start + 1..<quote
        return (cell, quote + 1)
      }
      cell.hasDoubledQuotes = true
      position = quote + 2
    }
  }

  /// The start of the next row, if a row ends at `position`.
  private func rowEnd(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int? {
    guard position < bytes.count else { return bytes.count }
    switch bytes[position] {
    case UInt8(ascii: "\n"): return position + 1
    case UInt8(ascii: "\r"):
      if position + 1 == bytes.count { return bytes.count }
      if bytes[position + 1] == UInt8(ascii: "\n") { return position + 2 }
      return endsAtReturn ? position + 1 : nil
    default: return nil
    }
  }

  /// The text of a cell.
  ///
  /// - Throws: `LineFault` with the first byte that is not UTF-8.
  func text(of cell: Cell, _ scanner: RecordScanner) throws(LineFault) -> String {
    let text = try scanner.text(cell.range)
    return cell.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text
  }
}

extension CSVDialect {
  /// Calls `body` with the texts of each row that is not blank and the number of its first line.
  ///
  /// - Parameter name: the file's name in errors.
  /// - Throws: `InputError` for a row that cannot be read; any error of `body`.
  func forEachRow(
    of file: MappedFile, named name: String, _ body: ([String], Int) throws -> Void
  ) throws {
    try file.withBytes { bytes in
      var scanner = RecordScanner(bytes)
      while !scanner.isAtEnd {
        let (start, line) = (scanner.position, scanner.line)
        var texts: [String] = []
        do throws(LineFault) {
          for cell in try row(&scanner) {
            let text = try VocabularyText.text(bytes, cell.range)
            texts.append(cell.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text)
          }
        } catch {
          throw error.located(file: name, recordAt: start, line: line, in: bytes)
        }
        if texts.count > 1 || !texts.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) {
          try body(texts, line)
        }
      }
    }
  }
}

extension CSVDialect {
  /// The dialect of a table.
  ///
  /// It is the one that gives the first rows the same number of cells, more than one; of several, the
  /// one with the most cells. Quotation marks in a table with tabs are only characters if the table has
  /// no regular rows otherwise.
  ///
  /// - Parameter isTSV: whether the separator is a tab.
  /// - Returns: nil if no dialect gives half of the rows the same number of cells, more than one.
  static func guess(_ bytes: UnsafeRawBufferPointer, isTSV: Bool) -> CSVDialect? {
    let endsAtReturn =
      LineReader.lineEnd(in: bytes, from: 0) == bytes.count
      && bytes.contains(UInt8(ascii: "\r"))
    var best: (dialect: CSVDialect, fit: Fit)?
    let named = separatorLine(bytes).map { [$0.separator] }
    for separator in named ?? (isTSV ? [UInt8(ascii: "\t")] : separators) {
      var dialect = CSVDialect(separator: separator, endsAtReturn: endsAtReturn)
      var fit = dialect.fit(bytes, rowLimit: 200)
      if separator == UInt8(ascii: "\t"), bytes.contains(UInt8(ascii: "\"")),
        dialect.fit(bytes, rowLimit: .max).irregular > 0
      {
        dialect.hasQuotes = false
        fit = dialect.fit(bytes, rowLimit: 200)
      }
      guard fit.columns > 1, 2 * fit.irregular <= fit.rows else { continue }
      if best.map({ fit.isBetter(than: $0.fit) }) ?? true { best = (dialect, fit) }
    }
    return best?.dialect
  }

  /// How well a dialect fits some rows.
  struct Fit {
    /// The number of cells that most rows have.
    ///
    /// Lines above a header may have fewer.
    var columns = 0
    var rows = 0
    /// The number of rows with another number of cells, and of those that cannot be read.
    var irregular = 0

    func isBetter(than other: Fit) -> Bool {
      let (own, others) = (irregular * max(other.rows, 1), other.irregular * max(rows, 1))
      return own == others ? columns > other.columns : own < others
    }
  }

  func fit(_ bytes: UnsafeRawBufferPointer, rowLimit: Int) -> Fit {
    var scanner = RecordScanner(bytes)
    var fit = Fit()
    var counts: [Int: Int] = [:]
    while !scanner.isAtEnd, !scanner.isLost, fit.rows < rowLimit {
      do throws(LineFault) {
        let cells = try row(&scanner)
        if cells.isEmpty || cells.count == 1 && cells[0].range.isEmpty { continue }
        fit.rows += 1
        counts[cells.count, default: 0] += 1
      } catch {
        fit.rows += 1
      }
    }
    let most = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }
    (fit.columns, fit.irregular) = (most?.key ?? 0, fit.rows - (most?.value ?? 0))
    return fit
  }
}

extension UnsafeRawBufferPointer {
  /// The first position of a byte at or after `start`.
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    guard start < count, let base = baseAddress,
      let found = memchr(base + start, Int32(byte), count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
