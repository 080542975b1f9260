import Storage

/// Reads `labels.jsonl`: one `{"id", "text"?}` per line.
struct LabelsReader {
  private(set) var table: IdentifierTable
  private var texts: [TextColumn.Location] = []
  private var hasTexts = false

  /// Reads every line of `reader`'s file.
  ///
  /// - Throws: `InputError` that describes the first bad line, if bad lines are refused.
  init(_ reader: LineReader, skipped: inout SkippedLines) throws {
    table = IdentifierTable(file: reader.file)
    try reader.forEachRecord(skipped: &skipped) { (cursor) throws(LineFault) in
      try read(&cursor)
    }
  }

  /// The labels read.
  var labels: Labels {
    Labels(
      ids: table.column,
      texts: hasTexts ? TextColumn(file: table.file, locations: texts) : nil)
  }

  private mutating func read(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    var id: JSONString?
    var text: JSONString?
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("id", in: bytes) {
        try cursor.string(named: name, into: &id)
      } else if name.matches("text", in: bytes) {
        try cursor.string(named: name, into: &text)
      } else {
        try cursor.skipValue()
      }
    }
    try cursor.finish()
    try table.insertNew(cursor.required(id))
    texts.append(text.map { TextColumn.Location($0) } ?? .missing)
    if text != nil { hasTexts = true }
  }
}
