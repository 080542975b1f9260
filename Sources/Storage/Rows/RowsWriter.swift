/// Writes rows as JSON Lines, TSV or CSV.
///
/// A table has a header and the cells of `columns`; JSON has all fields of a row. TSV writes tabs,
/// line ends, backslashes and control characters as escapes (`String.asField`). CSV puts a cell in
/// quotation marks if it contains a comma, a quotation mark or a line end, as RFC 4180 does.
package struct RowsWriter: Sendable {
  package let format: RowsFormat
  package let columns: [String]

  /// Creates a writer.
  ///
  /// - Parameter columns: the columns of a table; a row without one of them has an empty cell.
  package init(_ format: RowsFormat, columns: [String]) {
    self.format = format
    self.columns = columns
  }

  /// The first line, with its end; empty for JSON Lines.
  package var header: String { format == .jsonl ? "" : line(columns) }

  /// The lines of a row, with their ends.
  package func lines(of row: OutputRow) -> String {
    guard format != .jsonl else {
      var writer = JSONTextWriter()
      row.write(to: &writer)
      return writer.text + "\n"
    }
    var cells: [String: String] = [:]
    func fill(_ fields: [OutputRow.Field]) {
      for field in fields { cells[field.column] = field.cell ?? field.value.cell }
    }
    fill(row.fields)
    guard let rows = row.list?.rows, !rows.isEmpty else {
      return line(columns.map { cells[$0] ?? "" })
    }
    return rows.map { inner in
      let outer = cells
      defer { cells = outer }
      fill(inner.fields)
      cells["rank"] = inner.rank.map(String.init)
      return line(columns.map { cells[$0] ?? "" })
    }.joined()
  }

  /// Writes all rows to a file, which appears once it is complete.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  package func write(_ rows: some Sequence<OutputRow>, to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(header)
    for row in rows { try file.write(lines(of: row)) }
    try file.commit()
  }

  private func line(_ cells: [String]) -> String {
    format == .tsv
      ? cells.map(\.asField).joined(separator: "\t") + "\n"
      : cells.map(Self.quoted).joined(separator: ",") + "\n"
  }

  private static func quoted(_ cell: String) -> String {
    let isPlain = cell.utf8.allSatisfy {
      $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n")
        && $0 != UInt8(ascii: "\r")
    }
    return isPlain ? cell : "\"" + cell.replacing("\"", with: "\"\"") + "\""
  }
}
