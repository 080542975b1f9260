import Storage

/// Reads `documents.jsonl`: one `{"id", "text"}` or `{"id", "features": {name: weight}}` per line.
struct DocumentsReader {
  private(set) var table: IdentifierTable
  private var texts: [TextColumn.Location] = []
  private var features = FeatureRows()
  private var records: [TextColumn.Location] = []
  private var hasMetadata = false

  /// Reads every line of `reader`'s file.
  ///
  /// - Throws: `InputError` that describes the first bad line, if bad lines are refused.
  init(_ reader: LineReader, skipped: inout SkippedLines) throws {
    table = IdentifierTable(file: reader.file)
    try reader.forEachRecord(skipped: &skipped) { (cursor) throws(LineFault) in
      try read(&cursor)
    }
  }

  /// The documents read.
  ///
  /// - Throws: `FileError` if features could not be kept in a temporary file.
  func documents() throws -> Documents {
    let content: Documents.Content =
      features.isEmpty
      ? .texts(TextColumn(file: table.file, locations: texts))
      : .features(try features.matrix(), names: features.names)
    return Documents(
      ids: table.column, content: content,
      metadata: hasMetadata
        ? MetadataColumn(
          file: table.file, locations: records, without: ["id", "text", "features"]) : nil)
  }

  private mutating func read(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    let start = cursor.position
    var isExtra = false
    var id: JSONString?
    var text: JSONString?
    var row: FeatureRows.Row?
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("id", in: bytes) {
        try cursor.string(named: name, into: &id)
      } else if name.matches("text", in: bytes) {
        try cursor.string(named: name, into: &text)
      } else if name.matches("features", in: bytes) {
        try cursor.refuseSecond(name, isThere: row != nil)
        row = try FeatureRows.Row(&cursor)
      } else {
        try cursor.skipValue()
        isExtra = true
      }
    }
    let end = cursor.position
    try cursor.finish()
    let identifier = try cursor.required(id)
    guard (text == nil) != (row == nil) else {
      throw LineFault(
        reason: text == nil ? "the record has no \"text\"" : "both \"text\" and \"features\"",
        expected: "either \"text\" or \"features\"")
    }
    guard row == nil ? features.isEmpty : texts.isEmpty else {
      throw LineFault(
        reason: row == nil ? "a text among feature documents" : "features among texts",
        expected: "documents of one kind")
    }
    try table.insertNew(identifier)
    if isExtra, !hasMetadata {
      // Records before the first one with further keys have none.
      records = [TextColumn.Location](repeating: .missing, count: table.count - 1)
      hasMetadata = true
    }
    if hasMetadata { records.append(isExtra ? TextColumn.Location(record: start..<end) : .missing) }
    if let text { texts.append(TextColumn.Location(text)) }
    if let row { features.append(row) }
  }
}

/// Rows of named, weighted features, appended line by line.
struct FeatureRows {
  /// The features of one document.
  struct Row {
    fileprivate var names: [String] = []
    fileprivate var weights: [Float] = []

    /// Reads an object of weights.
    init(_ cursor: inout JSONCursor) throws(LineFault) {
      var seen: Set<String> = []
      let bytes = cursor.bytes
      try cursor.object { (cursor, literal) throws(LineFault) in
        let name = literal.decoded(from: bytes)
        try cursor.refuseSecond(literal, isThere: !seen.insert(name).inserted)
        if !name.isEmpty { try cursor.refuseUnlessName(literal, "feature's name") }
        names.append(name)
        weights.append(try cursor.finiteFloat())
      }
    }
  }

  private(set) var names: [String] = []
  private var indices: [String: Int32] = [:]
  private var rows = CSRSpool()

  var isEmpty: Bool { rows.rowCount == 0 }

  /// `[rows, names]`.
  ///
  /// - Throws: `FileError` if a temporary file could not be written.
  func matrix() throws -> CSRMatrix { try rows.matrix(columnCount: names.count) }

  mutating func append(_ row: Row) {
    let columns = row.names.map { name in
      if let index = indices[name] { return index }
      let index = Int32(names.count)
      indices[name] = index
      names.append(name)
      return index
    }
    rows.append(columns: columns, values: row.weights)
  }
}

extension JSONCursor {
  /// Reads a number that a `Float` can hold.
  mutating func finiteFloat() throws(LineFault) -> Float {
    _ = isAtEnd()
    let start = position
    let value = Float(try number())
    guard value.isFinite else {
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      throw LineFault(
        position: start, reason: "the weight \(text) is too large",
        expected: "a finite 32-bit number")
    }
    return value
  }
}
