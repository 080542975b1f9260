/// One answer of a command: named values in order.
///
/// It becomes an object of JSON Lines, or one or more lines of a table; see `RowsWriter`.
package struct OutputRow: Hashable, Sendable {
  /// A named value.
  package struct Field: Hashable, Sendable {
    /// The key in JSON.
    package var key: String
    /// The column of a table.
    package var column: String
    /// The value; null leaves the cell empty.
    package var value: JSONValue
    /// The text of the cell, if it differs from that of the value.
    package var cell: String?

    /// Creates a field.
    ///
    /// - Parameter column: the column of a table; nil for the key.
    package init(
      _ key: String, column: String? = nil, _ value: JSONValue, cell: String? = nil
    ) {
      self.key = key
      self.column = column ?? key
      self.value = value
      self.cell = cell
    }
  }

  /// Rows within a row, such as the labels of a document.
  package struct List: Hashable, Sendable {
    /// The key in JSON.
    package var key: String
    package var rows: [OutputRow]

    package init(_ key: String, _ rows: [OutputRow]) {
      self.key = key
      self.rows = rows
    }
  }

  package var fields: [Field]
  /// Its position in the list around it, from 1, for the column `rank` of a table.
  package var rank: Int?
  /// The rows within; a table has a line for each, with the outer fields repeated.
  package var list: List?

  package init(_ fields: [Field], rank: Int? = nil, list: List? = nil) {
    self.fields = fields
    self.rank = rank
    self.list = list
  }

  /// Appends the object to `writer`.
  func write(to writer: inout JSONTextWriter) {
    writer.append("{")
    var isFirst = true
    func key(_ name: String) {
      if !isFirst { writer.append(",") }
      isFirst = false
      writer.appendString(name)
      writer.append(":")
    }
    for field in fields {
      key(field.key)
      writer.appendValue(field.value)
    }
    if let list {
      key(list.key)
      writer.append("[")
      for (index, row) in list.rows.enumerated() {
        if index > 0 { writer.append(",") }
        row.write(to: &writer)
      }
      writer.append("]")
    }
    writer.append("}")
  }
}

extension JSONValue {
  /// A number; null if it is not finite, as JSON has no such numbers.
  package static func number(_ value: Double) -> JSONValue {
    value.isFinite ? .number("\(value)") : .null
  }

  /// A list of strings.
  package static func strings(_ texts: [String]) -> JSONValue {
    .array(texts.map { .init(.string($0)) })
  }

  /// The value as a cell of a table: a text itself, the elements of a list separated by spaces.
  package var cell: String {
    switch self {
    case .string(let text): text
    case .array(let elements): elements.map(\.value.cell).joined(separator: " ")
    case .boolean(let value): value ? "1" : "0"
    case .null: ""
    case .number, .object: json
    }
  }
}
