import Storage

/// Reads `labels.jsonl`: one `{"id", "text"?}` per line, optionally with `"alternatives"`,
/// `"parents"`, `"notation"` and `"language"`.
struct LabelsReader {
  private(set) var table: IdentifierTable
  private var texts: [TextColumn.Location] = []
  private var hasTexts = false
  private var details: [LabelDetails] = []
  private var hasDetails = false

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
      texts: hasTexts ? TextColumn(file: table.file, locations: texts) : nil,
      details: hasDetails ? details : nil)
  }

  private mutating func read(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    var id: JSONString?
    var text: JSONString?
    var details = LabelDetails()
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("id", in: bytes) {
        try cursor.string(named: name, into: &id)
      } else if name.matches("text", in: bytes) {
        try cursor.string(named: name, into: &text)
      } else if name.matches("alternatives", in: bytes) {
        details.alternatives = try cursor.words()
      } else if name.matches("parents", in: bytes) {
        details.parents = try cursor.words()
      } else if name.matches("notation", in: bytes) {
        details.notation = try cursor.words().first
      } else if name.matches("language", in: bytes) {
        details.language = try cursor.words().first
      } else {
        try cursor.skipValue()
      }
    }
    try cursor.finish()
    try table.insertNew(cursor.required(id))
    texts.append(text.map { TextColumn.Location($0) } ?? .missing)
    if text != nil { hasTexts = true }
    self.details.append(details)
    if !details.isEmpty { hasDetails = true }
  }
}

extension JSONCursor {
  /// Reads a list of texts, one text or number without brackets, or null; empty texts are left out.
  fileprivate mutating func words() throws(LineFault) -> [String] {
    if !isAtEnd(), bytes[position] == UInt8(ascii: "n") {
      try skipValue()
      return []
    }
    var words: [String] = []
    let bytes = bytes
    func read(_ cursor: inout JSONCursor) throws(LineFault) {
      let word = try cursor.identifier(expected: "a text in quotation marks, or a list of texts")
        .decoded(from: bytes)
      if !word.isEmpty { words.append(word) }
    }
    if isAtEnd() || bytes[position] != UInt8(ascii: "[") {
      try read(&self)
    } else {
      try array(read)
    }
    return words
  }
}
