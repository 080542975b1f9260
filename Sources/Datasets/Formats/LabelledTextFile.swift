import Storage

/// A single file of `{"text", "labels": […], "id"?, "weights": […]?}`, one record per line.
///
/// A single label may be written without brackets, and its key may be `"label"` instead of
/// `"labels"`; names may be integers.
///
/// The `SplitBucket` of each text determines its split: a fifth for testing, 8 % for validation (a
/// part of train). Equal texts are in the same split, and a record keeps its split when others are
/// added or removed. Labels are those of train, in the order of first use; a test record without
/// any of them is left out. `readWhole(_:badLines:)` leaves nothing out. Without `"id"`, a record
/// is named by its line number.
///
/// Texts and names are read in Normalization Form C. A label that a record has in two normal forms
/// counts once, with its first weight; an exact repetition is rejected.
public enum LabelledTextFile {
  /// Reads the file at `path`.
  ///
  /// - Throws: `FileError` when it cannot be read; `InputError` with the position of the first bad
  ///   line if bad lines are refused, or when no record of train has a label.
  public static func read(
    _ path: String, badLines: BadLinePolicy = .refuse
  ) throws -> Dataset {
    try read(path, badLines, isWhole: false)
  }

  /// Reads a file that is not trained on: `test` has all records with all their labels, `train` is
  /// empty.
  ///
  /// - Throws: the errors of `read(_:badLines:)`; `InputError` when no record has a label.
  public static func readWhole(
    _ path: String, badLines: BadLinePolicy = .refuse
  ) throws -> Dataset {
    try read(path, badLines, isWhole: true)
  }

  private static func read(
    _ path: String, _ badLines: BadLinePolicy, isWhole: Bool
  ) throws -> Dataset {
    let reader = LineReader(
      file: try MappedFile(path: path), policy: badLines,
      example: #"{"text": "…", "labels": ["…"]}"#)
    var skipped = SkippedLines()
    let records = try Records(reader, skipped: &skipped)
    let contentHash = reader.file.withBytes(XXHash64.hash)
    return try records.dataset(
      path: path, skipped: skipped, contentHash: contentHash, isWhole: isWhole)
  }
}

/// The content of the lines, before splits and labels are determined.
private struct Records {
  private var ids: IdentifierTable
  private var lineNumbers: [Int] = []
  private var texts: [TextColumn.Location] = []
  private var buckets: [SplitBucket] = []
  private var labels: IdentifierTable
  private var rows: [(labels: [Int], weights: [Float]?)] = []

  init(_ reader: LineReader, skipped: inout SkippedLines) throws {
    ids = IdentifierTable(file: reader.file)
    labels = IdentifierTable(file: reader.file)
    var line = 0
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      line += 1
      var cursor = JSONCursor(bytes, in: range)
      if !cursor.isAtEnd() { try read(&cursor, line: line) }
    }
  }

  private mutating func read(_ cursor: inout JSONCursor, line: Int) throws(LineFault) {
    let bytes = cursor.bytes
    var id: JSONString?
    var text: JSONString?
    var names: [JSONString]?
    var labelAt: Int?
    var weights: [Float]?
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("id", in: bytes) {
        try cursor.string(named: name, into: &id)
      } else if name.matches("text", in: bytes) {
        try cursor.string(named: name, into: &text)
      } else if name.matches("labels", in: bytes) {
        try cursor.refuseSecond(name, isThere: names != nil)
        names = try Self.names(&cursor)
      } else if name.matches("label", in: bytes) {
        labelAt = cursor.position
        try cursor.skipValue()
      } else if name.matches("weights", in: bytes) {
        try cursor.refuseSecond(name, isThere: weights != nil)
        var found: [Float] = []
        try cursor.array { (cursor) throws(LineFault) in found.append(try cursor.finiteFloat()) }
        weights = found
      } else {
        try cursor.skipValue()
      }
    }
    if names == nil, let labelAt {
      var value = JSONCursor(bytes, in: labelAt..<cursor.position)
      names = try Self.names(&value)
    }
    try cursor.finish()
    guard let text, let names else {
      throw LineFault(
        reason: "the record has no \"\(text == nil ? "text" : "labels")\"",
        expected: "{\"text\": \"…\", \"labels\": […]}")
    }
    if let weights, weights.count != names.count {
      throw LineFault(
        reason: "\(weights.count) weights for \(names.count) labels",
        expected: "one weight per label"
      )
    }
    let distinct = try distinctPlaces(of: names, cursor)
    guard rows.isEmpty || (id == nil) == (ids.count == 0) else {
      throw LineFault(
        reason: id == nil ? "the record has no \"id\"" : "an \"id\" among records without",
        expected: "an \"id\" in every record or in none")
    }
    if id != nil { try ids.insertNew(cursor.required(id)) }
    lineNumbers.append(line)
    texts.append(TextColumn.Location(text))
    buckets.append(SplitBucket(of: text.decoded(from: bytes)))
    let row = distinct.map { place in
      _ = labels.insert(names[place])
      return labels.index(of: names[place], in: bytes) ?? labels.count
    }
    rows.append((row, weights.map { weights in distinct.map { weights[$0] } }))
  }

  private static func names(_ cursor: inout JSONCursor) throws(LineFault) -> [JSONString] {
    var found: [JSONString] = []
    try cursor.names { (cursor) throws(LineFault) in
      let name = try cursor.identifier(
        expected: "a label's name in quotation marks, or a whole number")
      try cursor.refuseUnlessName(name, "label's name")
      found.append(name)
    }
    return found
  }

  /// The indices of the names that do not appear earlier in another normal form.
  private func distinctPlaces(
    of names: [JSONString], _ cursor: JSONCursor
  ) throws(LineFault) -> [Int] {
    var seen: [String: JSONString] = [:]
    var places: [Int] = []
    for (place, name) in names.enumerated() {
      let text = name.decoded(from: cursor.bytes)
      guard let first = seen[text] else {
        seen[text] = name
        places.append(place)
        continue
      }
      guard !cursor.isWritten(name, as: first) else {
        throw LineFault(
          position: name.content.lowerBound,
          reason: "the label \"\(text)\" appears a second time",
          expected: "each label once per record")
      }
    }
    return places
  }

  func dataset(
    path: String, skipped: SkippedLines, contentHash: UInt64, isWhole: Bool
  ) throws -> Dataset {
    var isLearnt = [Bool](repeating: isWhole, count: labels.count)
    for (row, bucket) in zip(rows, buckets) where !bucket.isTest {
      for label in row.labels { isLearnt[label] = true }
    }
    let kept = isLearnt.indices.filter { isLearnt[$0] }
    guard !kept.isEmpty else {
      guard !rows.isEmpty else {
        throw InputError(
          file: path, reason: "there are no records",
          expected: #"one JSON object per line: {"text": "…", "labels": ["…"]}"#)
      }
      let reason =
        isWhole || labels.count == 0
        ? "none of the \(rows.count) records has a label" : "no record of train has a label"
      throw InputError(
        file: path, reason: reason,
        expected: isWhole
          ? "records with labels" : "records with labels; a fifth of them is kept for testing")
    }
    var newLabel = [Int32](repeating: -1, count: labels.count)
    for (new, old) in kept.enumerated() { newLabel[old] = Int32(new) }

    func split(where isMember: (Int) -> Bool) -> Split {
      let members = rows.indices.filter(isMember)
      let hasWeights = rows.contains { $0.weights != nil }
      var offsets: [Int64] = [0]
      var columns: [Int32] = []
      var values: [Float] = []
      for member in members {
        for (position, label) in rows[member].labels.enumerated() where isLearnt[label] {
          columns.append(newLabel[label])
          values.append(rows[member].weights?[position] ?? 1)
        }
        offsets.append(Int64(columns.count))
      }
      return Split(
        documentIndices: MappedArray(members.map { Int32($0) }),
        labels: CSRMatrix(
          rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
          values: hasWeights ? MappedArray(values) : nil, columnCount: kept.count))
    }
    let train = split { !isWhole && !buckets[$0].isTest }
    let validation = isWhole ? nil : split { buckets[$0].isValidation }
    let test = split { index in
      isWhole || (buckets[index].isTest && rows[index].labels.contains { isLearnt[$0] })
    }
    let allTestPairs = rows.indices.reduce(0) {
      $0 + (isWhole || buckets[$1].isTest ? rows[$1].labels.count : 0)
    }
    let names = ids.count > 0 ? ids.column : TextColumn(lineNumbers.map { "\($0)" })
    return Dataset(
      documents: Documents(
        ids: names, content: .texts(TextColumn(file: labels.file, locations: texts))),
      labels: Labels(ids: labels.column(selecting: kept)), train: train, validation: validation,
      test: test,
      description: DatasetDescription(
        name: path.split(separator: "/").last.map(String.init) ?? path,
        origins: [DatasetDescription.Origin(source: path)],
        statistics: DatasetStatistics(
          train: train, validation: validation, test: test,
          droppedTestPairs: allTestPairs - test.labels.entryCount)),
      skipped: skipped, contentHash: contentHash)
  }
}
