import Storage

/// Reads `trn.json`, `tst.json` or `lbl.json`: one `{"uid", "title", "content"?, …}` per line.
struct ExtremeTextRecords {
  private(set) var table: IdentifierTable
  private var titles: [TextColumn.Location] = []
  private var contents: [TextColumn.Location] = []
  /// The number of labels; nil for records without labels.
  private let labelCount: Int?
  private let others: IdentifierTable?
  private var offsets: [Int64] = [0]
  private var columns: [Int32] = []
  private var weights: [Float] = []

  /// Reads every line of `reader`'s file.
  ///
  /// - Parameters:
  ///   - labelCount: the number of labels that `"target_ind"` refers to; nil for a file of labels.
  ///   - others: records whose uids must not appear again.
  /// - Throws: `InputError` with the position of the first problem.
  init(_ reader: LineReader, labelCount: Int? = nil, apartFrom others: IdentifierTable? = nil)
    throws
  {
    table = IdentifierTable(file: reader.file)
    self.labelCount = labelCount
    self.others = others
    var skipped = SkippedLines()
    try reader.forEachRecord(skipped: &skipped) { (cursor) throws(LineFault) in
      try read(&cursor)
    }
  }

  /// Title and content of each record, separated by a line feed if there is content.
  var texts: TextColumn {
    let titles = TextColumn(file: table.file, locations: titles)
    let contents = TextColumn(file: table.file, locations: contents)
    return TextColumn(count: titles.count) { index in
      let content = contents[index]
      return content.isEmpty ? titles[index] : titles[index] + "\n" + content
    }
  }

  /// `[records, labels]`; without values if all are 1.
  var targets: CSRMatrix {
    CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
      values: weights.allSatisfy { $0 == 1 } ? nil : MappedArray(weights),
      columnCount: labelCount ?? 0)
  }

  private mutating func read(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    var uid: JSONString?
    var title: JSONString?
    var content: JSONString?
    var labels: [Int32]?
    var relevances: [Float]?
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("uid", in: bytes) {
        try cursor.refuseSecond(name, isThere: uid != nil)
        uid = try cursor.identifier()
      } else if name.matches("title", in: bytes) {
        try cursor.string(named: name, into: &title)
      } else if name.matches("content", in: bytes) {
        try cursor.string(named: name, into: &content)
      } else if name.matches("target_ind", in: bytes), let labelCount {
        try cursor.refuseSecond(name, isThere: labels != nil)
        labels = try Self.labels(&cursor, count: labelCount)
      } else if name.matches("target_rel", in: bytes), labelCount != nil {
        try cursor.refuseSecond(name, isThere: relevances != nil)
        var found: [Float] = []
        try cursor.array { (cursor) throws(LineFault) in found.append(try cursor.finiteFloat()) }
        relevances = found
      } else {
        try cursor.skipValue()
      }
    }
    try cursor.finish()
    guard let uid, let title, labelCount == nil || labels != nil else {
      let missing = uid == nil ? "uid" : title == nil ? "title" : "target_ind"
      throw LineFault(
        reason: "the record has no \"\(missing)\"",
        expected: labelCount == nil
          ? #"{"uid": "…", "title": "…"}"#
          : #"{"uid": "…", "title": "…", "content": "…", "target_ind": […], "target_rel": […]}"#)
    }
    let row = labels ?? []
    if let relevances, relevances.count != row.count {
      throw LineFault(
        reason: "\(relevances.count) numbers in \"target_rel\" for \(row.count) in \"target_ind\"",
        expected: "one a label")
    }
    if others?.index(of: uid, in: bytes) != nil {
      throw LineFault(
        position: uid.content.lowerBound,
        reason: "the uid \"\(uid.decoded(from: bytes))\" is one of the train file's",
        expected: "test documents that are not in train")
    }
    try table.insertNew(cursor.required(uid))
    titles.append(TextColumn.Location(title))
    contents.append(content.map { TextColumn.Location($0) } ?? .missing)
    columns.append(contentsOf: row)
    weights.append(contentsOf: relevances ?? [Float](repeating: 1, count: row.count))
    offsets.append(Int64(columns.count))
  }

  private static func labels(_ cursor: inout JSONCursor, count: Int) throws(LineFault) -> [Int32] {
    var found: [Int32] = []
    var seen: Set<Int32> = []
    try cursor.array { (cursor) throws(LineFault) in
      _ = cursor.isAtEnd()
      let start = cursor.position
      let number = try cursor.number()
      let text = String(decoding: cursor.bytes[start..<cursor.position], as: UTF8.self)
      guard let label = Int32(exactly: number), label >= 0, Int(label) < count else {
        throw LineFault(
          position: start, reason: "there is no label \(text)",
          expected: "a whole number below \(count), the number of labels")
      }
      guard seen.insert(label).inserted else {
        throw LineFault(
          position: start, reason: "the label \(text) appears a second time",
          expected: "each label once per document")
      }
      found.append(label)
    }
    return found
  }
}
