import Storage

/// A table with a name for each column.
struct CSVFormat: RecordFormat {
  let dialect: CSVDialect
  /// The names of the columns; numbers from 1 if the table has none.
  ///
  /// A name of labels may be there several times, as in exports with a column for each value.
  let names: [String]
  /// Whether a row has the names.
  let hasHeader: Bool
  /// The rows above that one, such as a title of the table.
  let rowsAboveHeader: Int
  /// The names that are there several times.
  private let repeated: Set<String>
  /// The rows before the first record that have not been passed.
  private var rowsToPass: Int

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
    rowsAboveHeader = reading.header == nil ? Self.rowsAboveHeader(rows) : 0
    let first = rows.dropFirst(rowsAboveHeader).first ?? []
    hasHeader =
      reading.header ?? Self.isHeader(first, before: rows.dropFirst(rowsAboveHeader + 1), reading)
    rowsToPass = hasHeader ? rowsAboveHeader + 1 : 0
    var names =
      hasHeader
      ? first.enumerated().map { column, name in
        let name = name.trimmingBlanks().normalizedToNFC
        return name.isEmpty ? "column \(column + 1)" : name
      } : first.indices.map { "\($0 + 1)" }
    repeated = try Self.numberRepeated(&names, file: file.name)
    self.names = names
  }

  /// Gives names that are there again a number.
  ///
  /// - Returns: the names of labels that are there again, which stay.
  /// - Throws: `InputError` for a second text or id.
  private static func numberRepeated(_ names: inout [String], file: String) throws -> Set<String> {
    var seen: Set<String> = []
    var repeated: Set<String> = []
    for (index, name) in names.enumerated() where !seen.insert(name).inserted {
      if UsualColumns.isLabel(name) {
        repeated.insert(name)
      } else if UsualColumns.isText(name) || UsualColumns.ids.contains(UsualColumns.plain(name)) {
        throw InputError(
          file: file, line: 1, reason: "the column \"\(name)\" appears a second time",
          expected: "a header with a different name for each column")
      } else {
        var number = 2
        while !seen.insert("\(name) \(number)").inserted { number += 1 }
        names[index] = "\(name) \(number)"
      }
    }
    return repeated
  }

  /// The number of rows above one with the names of a text and of labels; 0 without such a row.
  private static func rowsAboveHeader(_ rows: [[String]]) -> Int {
    rows.prefix(10).firstIndex { row in
      let names = row.map { $0.trimmingBlanks() }
      return names.contains(where: UsualColumns.isText)
        && names.contains { UsualColumns.isLabel($0) && !UsualColumns.isText($0) }
    } ?? 0
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
    guard !others.isEmpty else { return cells.contains(where: UsualColumns.isUsual) }
    let named = Set(
      [reading.text, reading.label, reading.id, reading.group, reading.time].compactMap { $0 }
        .flatMap { [$0] + $0.split(separator: ",").map { $0.trimmingBlanks() } })
    if cells.contains(where: { UsualColumns.isUsual($0) || named.contains($0) && Int($0) == nil }) {
      return true
    }
    // Columns without a header have numbers for names.
    if named.contains(where: { Int($0) != nil && !cells.contains($0) }) { return false }
    return !cells.enumerated().contains { column, cell in
      if cell.isEmpty || Double(cell) != nil || cell.utf8.count > 64 || isSentence(cell) {
        return true
      }
      let shape = shape(of: cell)
      return others.contains {
        guard $0.indices.contains(column) else { return false }
        let other = $0[column].trimmingBlanks()
        return other == cell || shape != cell && Self.shape(of: other) == shape
      }
    }
  }

  /// Whether a cell is too long for the name of a column.
  private static func isSentence(_ cell: String) -> Bool { cell.split(separator: " ").count > 5 }

  /// The cell with `#` for each run of digits: N-7 and N-12 are cells of one column.
  private static func shape(of cell: String) -> String {
    var result = ""
    for character in cell {
      if !("0"..."9").contains(character) {
        result.append(character)
      } else if result.last != "#" {
        result.append("#")
      }
    }
    return result
  }

  mutating func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let start = scanner.position
    let cells = try dialect.row(&scanner)
    if cells.allSatisfy(\.range.isEmpty) { return nil }
    if rowsToPass > 0 {
      rowsToPass -= 1
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
      let value = JSONValue.Element(.string(text), at: cell.range.lowerBound)
      guard repeated.contains(name) else {
        fields.append(.init(name, value))
        continue
      }
      let index = fields.firstIndex { $0.name == name } ?? fields.count
      if index == fields.count { fields.append(.init(name, .init(.array([]), at: value.position))) }
      guard !text.isEmpty, case .array(let values) = fields[index].element.value else { continue }
      fields[index].element.value = .array(values + [value])
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
