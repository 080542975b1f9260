import Storage

/// A table with a name for each column.
struct CSVFormat: RecordFormat {
  let dialect: CSVDialect
  /// The names of the columns; numbers from 1 if the table has none.
  let names: [String]
  /// Whether the first row has the names.
  let hasHeader: Bool
  private var isBeforeHeader: Bool

  /// Finds out the dialect and the names of the columns.
  ///
  /// - Parameters:
  ///   - reading: the columns that the user named, and whether there is a header.
  ///   - isTSV: whether tabs separate the cells.
  /// - Throws: `InputError` for a header that names a column twice.
  init(_ file: InputFile, _ reading: DataReading, isTSV: Bool) throws {
    let dialect =
      file.content.withBytes { CSVDialect.guess($0, isTSV: isTSV) }
      ?? CSVDialect(separator: UInt8(ascii: isTSV ? "\t" : ","))
    self.dialect = dialect
    var rows: [[String]] = []
    let sample = TableRows(dialect: dialect)
    try file.forEachRecord(of: sample, limit: 500, bad: { _ in }) { (record) throws(LineFault) in
      rows.append(record.fields.map { $0.element.value.plainText ?? "" })
    }
    let first = rows.first ?? []
    hasHeader = reading.header ?? Self.isHeader(first, before: rows.dropFirst(), reading)
    isBeforeHeader = hasHeader
    names =
      hasHeader
      ? first.enumerated().map { column, name in
        let name = name.trimmingBlanks().normalizedToNFC
        return name.isEmpty ? "column \(column + 1)" : name
      } : first.indices.map { "\($0 + 1)" }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw InputError(
        file: file.name, line: 1, reason: "the column \"\(name)\" appears a second time",
        expected: "a header with a different name for each column")
    }
  }

  /// Whether the first row has names, not values.
  ///
  /// It has if it contains a usual name or one that the user gave. Otherwise it has not if it is the
  /// only row, or if a cell is empty, a number, longer than 64 bytes or a value of its column further
  /// down.
  private static func isHeader(
    _ first: [String], before others: ArraySlice<[String]>, _ reading: DataReading
  ) -> Bool {
    let cells = first.map { $0.trimmingBlanks() }
    guard !others.isEmpty else { return cells.contains(where: ColumnMapping.isUsual) }
    let named = Set(
      [reading.text, reading.label, reading.id, reading.group, reading.time].compactMap { $0 }
        .flatMap { [$0] + $0.split(separator: ",").map { $0.trimmingBlanks() } })
    if cells.contains(where: { ColumnMapping.isUsual($0) || named.contains($0) && Int($0) == nil })
    {
      return true
    }
    return !cells.enumerated().contains { column, cell in
      cell.isEmpty || Double(cell) != nil || cell.utf8.count > 64
        || others.contains { $0.indices.contains(column) && $0[column].trimmingBlanks() == cell }
    }
  }

  mutating func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let start = scanner.position
    let cells = try dialect.row(&scanner)
    if cells.allSatisfy(\.range.isEmpty) { return nil }
    if isBeforeHeader {
      isBeforeHeader = false
      return nil
    }
    // Spreadsheets write separators for empty columns.
    let extra = cells.dropFirst(names.count)
    guard cells.count >= names.count, extra.allSatisfy(\.range.isEmpty) else {
      throw LineFault(
        position: extra.first?.range.lowerBound ?? start,
        reason: "the row has \(counted(cells.count, "cell"))",
        expected: "\(names.count), one for each column: "
          + names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : ""))
    }
    var fields: [JSONValue.Member] = []
    fields.reserveCapacity(names.count)
    for (name, cell) in zip(names, cells) {
      let text = try dialect.text(of: cell, scanner)
      fields.append(.init(name, .init(.string(text), at: cell.range.lowerBound)))
    }
    return fields
  }
}

/// The rows of a table before its columns have names.
private struct TableRows: RecordFormat {
  let dialect: CSVDialect

  func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let cells = try dialect.row(&scanner)
    if cells.allSatisfy(\.range.isEmpty) { return nil }
    var fields: [JSONValue.Member] = []
    for (column, cell) in cells.enumerated() {
      fields.append(.init("\(column + 1)", .init(.string(try dialect.text(of: cell, scanner)))))
    }
    return fields
  }
}

extension JSONValue {
  /// The text of a string, a number or a truth value; nil for others.
  var plainText: String? {
    switch self {
    case .string(let text): text
    case .number(let digits): digits
    case .boolean(let isTrue): isTrue ? "true" : "false"
    default: nil
    }
  }
}
