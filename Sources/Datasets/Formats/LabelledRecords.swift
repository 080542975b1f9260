import Storage

/// The records of files of labelled texts, read once, before splits and labels are determined.
package struct LabelledRecords {
  /// The first file.
  let path: String
  let reading: DataReading
  let ids: TextColumn
  let texts: TextColumn
  let labels: IdentifierTable
  let rows: [(labels: [Int], weights: [Float]?)]
  let metadata: MetadataColumn?
  /// The file of each record: 0 for training, 1 for validation, 2 for testing.
  let roles: [UInt8]
  let skipped: SkippedLines
  private(set) var notes: [String]
  package let understood: [UnderstoodFile]
  /// A number that changes with any record.
  let contentHash: UInt64

  /// Reads files of any format.
  ///
  /// - Parameters:
  ///   - path: the file of training documents, or a folder of an Annif corpus.
  /// - Throws: `FileError`; `InputError` with the position of the first bad record if bad records are
  ///   refused, or when it is not clear which columns are meant.
  package init(
    _ path: String, _ reading: DataReading, badLines: BadLinePolicy
  ) throws {
    self.path = path == InputFile.standardInput ? InputFile.standardInputName : path
    self.reading = reading
    let training = [path] + (reading.more ?? [])
    let others = [(reading.validation, UInt8(1)), (reading.test, 2)].compactMap { path, role in
      path.map { (path: $0, role: role) }
    }
    let records = try CanonicalRecords(
      training + others.map(\.path), reading, badLines: badLines)
    let reader = LineReader(
      file: records.file, policy: badLines, example: #"{"text": "…", "labels": ["…"]}"#,
      places: records.places)
    let lines = try RecordLines(reader, counts: records.counts, skipped: records.skipped)
    skipped = lines.skipped
    notes = records.notes
    understood = records.understood
    texts = TextColumn(file: records.file, locations: lines.texts)
    labels = lines.labels
    rows = lines.rows
    metadata = lines.metadata(converted: records.places != nil)
    let paths = training + others.map(\.path)
    let roleOfInput = training.map { _ in UInt8(0) } + others.map(\.role)
    roles = lines.inputs.map { roleOfInput[Int($0)] }
    let names = RecordNames(lines, records.places, paths: paths)
    ids = names.column
    notes += names.notes
    var hash = records.file.withBytes(XXHash64.hash)
    if records.counts.count > 1 {
      // The same lines in other files, or for other parts, are another data set.
      let shape = zip(records.counts, roleOfInput).map { UInt64($0) << 2 | UInt64($1) }
      hash = (shape + [hash]).withUnsafeBytes { XXHash64.hash($0) }
    }
    contentHash = hash
  }

  /// Whether there is a file for a part.
  package var namesParts: Bool { reading.namesParts }

  /// All records as documents, in the order of the files.
  package var documents: Documents {
    Documents(ids: ids, content: .texts(texts), metadata: metadata)
  }

  /// The names of a record's labels.
  package func labelNames(of record: Int) -> [String] {
    let names = labels.column
    return rows[record].labels.map { names[$0] }
  }
}

/// The names of the records of several files.
private struct RecordNames {
  let column: TextColumn
  private(set) var notes: [String] = []

  /// Names the records of several files.
  ///
  /// A record without a name has the number of its line. The names of a further file get its name as a
  /// prefix if it has no names, or if an earlier file has one of them.
  init(_ lines: RecordLines, _ places: RecordPlaces?, paths: [String]) {
    var prefixes = [""]
    for (input, path) in paths.enumerated().dropFirst() {
      let own = lines.ids[input]
      let isRepeated = lines.ids[..<input].contains { own.hasCommonName(with: $0) }
      guard isRepeated || own.count == 0 else {
        prefixes.append("")
        continue
      }
      let file = path.split(separator: "/").last.map(String.init) ?? path
      let stem = file.split(separator: ".").first.map(String.init) ?? file
      let prefix = prefixes.contains("\(stem):") ? "\(file):\(input):" : "\(stem):"
      prefixes.append(prefix)
      if isRepeated {
        notes.append(
          "\(path): its documents are called \(prefix)ID, as other files have the same ids")
      }
    }
    if lines.ids.count == 1, lines.ids[0].count > 0 {
      column = lines.ids[0].column
      return
    }
    // The number of each record among those of its input.
    var ranks = [Int32](repeating: 0, count: lines.inputs.count)
    var counts = [Int32](repeating: 0, count: paths.count)
    for (record, input) in lines.inputs.enumerated() {
      ranks[record] = counts[Int(input)]
      counts[Int(input)] += 1
    }
    let (ids, inputs, numbers) = (lines.ids.map(\.column), lines.inputs, lines.lineNumbers)
    let (known, given) = (ranks, prefixes)
    column = TextColumn(count: inputs.count) { record in
      let input = Int(inputs[record])
      let name =
        ids[input].isEmpty
        ? places?.name(at: numbers[record] - 1) ?? "\(numbers[record])"
        : ids[input][Int(known[record])]
      return given[input] + name
    }
  }
}

/// Reads lines of records.
struct RecordLines {
  /// The names of the records of each input; without entries if they have none.
  private(set) var ids: [IdentifierTable]
  /// The input of each record.
  private(set) var inputs: [Int32] = []
  /// The line of each record in the file that is read.
  private(set) var lineNumbers: [Int] = []
  private(set) var texts: [TextColumn.Location] = []
  private(set) var labels: IdentifierTable
  private(set) var rows: [(labels: [Int], weights: [Float]?)] = []
  private(set) var skipped: SkippedLines
  private var extras: [TextColumn.Location] = []
  private var hasExtras = false
  private let file: MappedFile
  private let hasPlaces: Bool
  private var countOfInput: [Int]

  /// - Parameter counts: the number of lines of each input; empty for one input.
  init(_ reader: LineReader, counts: [Int], skipped: SkippedLines) throws {
    file = reader.file
    ids = [IdentifierTable](repeating: IdentifierTable(file: file), count: max(counts.count, 1))
    countOfInput = ids.map { _ in 0 }
    labels = IdentifierTable(file: file)
    self.skipped = skipped
    hasPlaces = reader.places != nil
    var line = 0
    var skippedLines = skipped
    var (input, linesOfInput) = (0, counts.first ?? .max)
    try reader.forEachLine(skipped: &skippedLines) { (bytes, range) throws(LineFault) in
      while linesOfInput == 0 {
        input += 1
        linesOfInput = counts[input]
      }
      line += 1
      linesOfInput -= 1
      var cursor = JSONCursor(bytes, in: range, readsNaN: true)
      if !cursor.isAtEnd() { try read(&cursor, line: line, input: input) }
    }
    self.skipped = skippedLines
  }

  /// The further fields; nil if no record has any.
  func metadata(converted: Bool) -> MetadataColumn? {
    guard hasExtras else { return nil }
    return MetadataColumn(
      file: file, locations: extras,
      without: converted ? [] : ["id", "text", "labels", "label", "weights"])
  }

  private mutating func read(_ cursor: inout JSONCursor, line: Int, input: Int) throws(LineFault) {
    let bytes = cursor.bytes
    let start = cursor.position
    var id: JSONString?
    var text: JSONString?
    var names: [JSONString]?
    var labelAt: Int?
    var weights: [Float]?
    var extra: Range<Int>?
    var isExtra = false
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
        _ = cursor.isAtEnd()
        let start = cursor.position
        try cursor.skipValue()
        isExtra = true
        if hasPlaces, name.matches("extra", in: bytes) { extra = start..<cursor.position }
      }
    }
    if names == nil, let labelAt {
      var value = JSONCursor(bytes, in: labelAt..<cursor.position, readsNaN: true)
      names = try Self.names(&value)
    }
    let end = cursor.position
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
    guard countOfInput[input] == 0 || (id == nil) == (ids[input].count == 0) else {
      throw LineFault(
        reason: id == nil ? "the record has no \"id\"" : "an \"id\" among records without",
        expected: "an \"id\" in every record or in none")
    }
    if id != nil {
      try ids[input].insertNew(
        cursor.required(id), expected: "a unique id; --id none names documents by their lines")
    }
    countOfInput[input] += 1
    inputs.append(Int32(input))
    lineNumbers.append(line)
    texts.append(TextColumn.Location(text))
    if isExtra || hasExtras {
      // Records before the first one with further fields have none.
      while extras.count + 1 < lineNumbers.count { extras.append(.missing) }
      let range = hasPlaces ? extra : isExtra ? start..<end : nil
      extras.append(range.map(TextColumn.Location.init(record:)) ?? .missing)
      hasExtras = true
    }
    let row = distinct.map { place in
      _ = labels.insert(names[place])
      return labels.index(of: names[place], in: bytes) ?? labels.count
    }
    rows.append((row, weights.map { weights in distinct.map { weights[$0] } }))
  }

  private static func names(_ cursor: inout JSONCursor) throws(LineFault) -> [JSONString] {
    var found: [JSONString] = []
    let isAlone = !cursor.isAtEnd() && cursor.bytes[cursor.position] != UInt8(ascii: "[")
    try cursor.names { (cursor) throws(LineFault) in
      let name = try cursor.identifier(
        expected: "a label's name in quotation marks, or a whole number")
      // An empty cell.
      if isAlone, name.content.isEmpty { return }
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
}
