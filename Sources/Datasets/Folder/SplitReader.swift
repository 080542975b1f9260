import Storage

/// Reads `train.jsonl` and its siblings: one `{"id", "labels": […], "weights": […]?}` per line.
///
/// A label that appears in two normal forms counts once, with its first weight; an exact repetition
/// is rejected.
struct SplitReader {
  private let documents: IdentifierTable
  private let labels: IdentifierTable
  private var documentIsTaken: [Bool]
  /// The line that last named each label, for rejecting repetitions.
  private var labelRow: [Int32]

  private var indices: [Int32] = []
  private var offsets: [Int64] = [0]
  private var columns: [Int32] = []
  private var values: [Float]?
  private var rowColumns: [Int32] = []
  private var rowLiterals: [JSONString] = []
  private var rowWeights: [Float] = []

  /// Reads every line of `reader`'s file.
  ///
  /// - Throws: `InputError` that describes the first bad line, if bad lines are refused.
  init(
    _ reader: LineReader, documents: IdentifierTable, labels: IdentifierTable,
    skipped: inout SkippedLines
  ) throws {
    self.documents = documents
    self.labels = labels
    documentIsTaken = [Bool](repeating: false, count: documents.count)
    labelRow = [Int32](repeating: -1, count: labels.count)
    var attempt: Int32 = 0
    try reader.forEachRecord(skipped: &skipped) { (cursor) throws(LineFault) in
      // Incremented first: the labels of a skipped line must not count as seen for the next.
      attempt += 1
      try read(&cursor, attempt: attempt)
    }
  }

  /// The split read.
  var split: Split {
    Split(
      documentIndices: MappedArray(indices),
      labels: CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
        values: values.map { MappedArray($0) }, columnCount: labels.count))
  }

  private mutating func read(_ cursor: inout JSONCursor, attempt: Int32) throws(LineFault) {
    let bytes = cursor.bytes
    var id: JSONString?
    var labelsAt: Int?
    var weightsAt: Int?
    var otherForms: [Int] = []
    rowColumns.removeAll(keepingCapacity: true)
    rowLiterals.removeAll(keepingCapacity: true)
    rowWeights.removeAll(keepingCapacity: true)
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("id", in: bytes) {
        try cursor.string(named: name, into: &id)
      } else if name.matches("labels", in: bytes) {
        try cursor.refuseSecond(name, isThere: labelsAt != nil)
        labelsAt = cursor.position
        try cursor.names { (cursor) throws(LineFault) in
          if let label = try readLabel(&cursor, attempt: attempt) {
            rowColumns.append(label)
          } else {
            otherForms.append(rowColumns.count + otherForms.count)
          }
        }
      } else if name.matches("weights", in: bytes) {
        try cursor.refuseSecond(name, isThere: weightsAt != nil)
        weightsAt = cursor.position
        try cursor.array { (cursor) throws(LineFault) in
          rowWeights.append(try cursor.finiteFloat())
        }
      } else {
        try cursor.skipValue()
      }
    }
    try cursor.finish()
    let identifier = try cursor.required(id)
    guard labelsAt != nil else {
      throw LineFault(
        reason: "the record has no \"labels\"", expected: "{\"id\": \"…\", \"labels\": […]}")
    }
    let labelCount = rowColumns.count + otherForms.count
    if let weightsAt, rowWeights.count != labelCount {
      throw LineFault(
        position: weightsAt, reason: "\(rowWeights.count) weights for \(labelCount) labels",
        expected: "one weight per label")
    }
    if weightsAt != nil {
      for index in otherForms.reversed() { rowWeights.remove(at: index) }
    }
    guard let document = documents.index(of: identifier, in: bytes) else {
      throw LineFault(
        position: identifier.content.lowerBound,
        reason: "there is no document \"\(identifier.decoded(from: bytes))\"",
        expected: "an id of documents.jsonl")
    }
    guard !documentIsTaken[document] else {
      throw LineFault(
        position: identifier.content.lowerBound,
        reason: "the document \"\(identifier.decoded(from: bytes))\" appears a second time",
        expected: "each document once")
    }
    documentIsTaken[document] = true
    append(document: document, hasWeights: weightsAt != nil)
  }

  /// Reads a label; nil if the record has it already in another normal form.
  private mutating func readLabel(
    _ cursor: inout JSONCursor, attempt: Int32
  ) throws(LineFault) -> Int32? {
    let literal = try cursor.identifier(
      expected: "a label's id in quotation marks, or a whole number")
    guard let label = labels.index(of: literal, in: cursor.bytes) else {
      throw LineFault(
        position: literal.content.lowerBound,
        reason: "there is no label \"\(literal.decoded(from: cursor.bytes))\"",
        expected: "an id of labels.jsonl")
    }
    guard labelRow[label] != attempt else {
      let first = rowColumns.firstIndex(of: Int32(label)).map { rowLiterals[$0] }
      if let first, !cursor.isWritten(literal, as: first) { return nil }
      throw LineFault(
        position: literal.content.lowerBound,
        reason: "the label \"\(literal.decoded(from: cursor.bytes))\" appears a second time",
        expected: "each label once per document")
    }
    labelRow[label] = attempt
    rowLiterals.append(literal)
    return Int32(label)
  }

  private mutating func append(document: Int, hasWeights: Bool) {
    if hasWeights, values == nil { values = [Float](repeating: 1, count: columns.count) }
    if values != nil {
      let ones = repeatElement(Float(1), count: hasWeights ? 0 : rowColumns.count)
      values?.append(contentsOf: rowWeights)
      values?.append(contentsOf: ones)
    }
    indices.append(Int32(document))
    columns.append(contentsOf: rowColumns)
    offsets.append(Int64(columns.count))
  }
}
