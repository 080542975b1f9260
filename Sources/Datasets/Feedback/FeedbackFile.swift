import Storage

/// People's feedback on a model's answers, in the form that `decant serve` exports: one record per
/// line.
///
///     {"text": "…", "labels": ["right", …], "rejected": ["wrong", …]}
///     {"label": "name", "text": "what it means"}
///
/// The second form names a label that was added while the model was being served. Texts and names
/// are read in Normalization Form C, so that all verdicts on a text apply to it whatever its form.
/// in Normalization Form C, so that verdicts on one text in two forms are verdicts on one text.
public struct FeedbackFile: Sendable {
  /// The feedback on one text.
  public struct Record: Hashable, Sendable {
    /// The text.
    public var text: String
    /// Labels that it has.
    public var accepted: [String]
    /// Labels that it does not have.
    public var rejected: [String]

    /// Creates a record.
    public init(text: String, accepted: [String] = [], rejected: [String] = []) {
      self.text = text
      self.accepted = accepted
      self.rejected = rejected
    }
  }

  /// The file's path.
  public var path: String
  /// One record per text, in the order of first mention.
  public var records: [Record]
  /// The texts of labels that were added, by name.
  public var labelTexts: [String: String]
  /// A number that changes with every byte of the file.
  public var contentHash: UInt64

  /// Reads a file; of two records on the same text and label, the later one counts.
  ///
  /// - Throws: `FileError`, or `InputError` with the position of the first invalid line.
  public init(contentsOf path: String) throws {
    self.path = path
    let reader = LineReader(
      file: try MappedFile(path: path), policy: .refuse,
      example: #"{"text": "…", "labels": ["…"], "rejected": ["…"]}"#)
    var records: [Record] = []
    var places: [String: Int] = [:]
    var labelTexts: [String: String] = [:]
    var skipped = SkippedLines()
    try reader.forEachRecord(skipped: &skipped) { (cursor) throws(LineFault) in
      switch try Self.line(&cursor) {
      case .label(let name, let text): labelTexts[name] = text
      case .record(let record):
        let place = places[record.text] ?? records.count
        if place == records.count {
          places[record.text] = place
          records.append(Record(text: record.text))
        }
        records[place].take(record)
      }
    }
    self.records = records
    self.labelTexts = labelTexts
    contentHash = reader.file.withBytes(XXHash64.hash)
  }

  private enum Line {
    case record(Record)
    case label(String, text: String)
  }

  private static func line(_ cursor: inout JSONCursor) throws(LineFault) -> Line {
    let bytes = cursor.bytes
    var text: JSONString?
    var label: JSONString?
    var accepted: [String]?
    var rejected: [String]?
    func names(_ cursor: inout JSONCursor) throws(LineFault) -> [String] {
      var found: [String] = []
      var seen: Set<String> = []
      try cursor.names { (cursor) throws(LineFault) in
        let name = try cursor.identifier(
          expected: "a label's name in quotation marks, or a whole number")
        try cursor.refuseUnlessName(name, "label's name")
        let text = name.decoded(from: bytes)
        if seen.insert(text).inserted { found.append(text) }
      }
      return found
    }
    try cursor.object { (cursor, name) throws(LineFault) in
      if name.matches("text", in: bytes) {
        try cursor.string(named: name, into: &text)
      } else if name.matches("label", in: bytes) {
        try cursor.string(named: name, into: &label)
        if let label { try cursor.refuseUnlessName(label, "label's name") }
      } else if name.matches("labels", in: bytes) {
        try cursor.refuseSecond(name, isThere: accepted != nil)
        accepted = try names(&cursor)
      } else if name.matches("rejected", in: bytes) {
        try cursor.refuseSecond(name, isThere: rejected != nil)
        rejected = try names(&cursor)
      } else {
        try cursor.skipValue()
      }
    }
    try cursor.finish()
    guard let text, (label == nil) != (accepted == nil && rejected == nil) else {
      throw LineFault(
        reason: text == nil ? "the record has no \"text\"" : "neither verdicts nor a label's name",
        expected: "{\"text\": \"…\", \"labels\": […], \"rejected\": […]} or "
          + "{\"label\": \"…\", \"text\": \"…\"}")
    }
    if let label { return .label(label.decoded(from: bytes), text: text.decoded(from: bytes)) }
    let record = Record(
      text: text.decoded(from: bytes), accepted: accepted ?? [], rejected: rejected ?? [])
    if let both = record.accepted.first(where: record.rejected.contains) {
      throw LineFault(
        reason: "the label \"\(both)\" is accepted and rejected", expected: "one verdict per label")
    }
    return .record(record)
  }
}

extension FeedbackFile.Record {
  /// Merges later feedback on the same text.
  fileprivate mutating func take(_ later: Self) {
    let (right, wrong) = (Set(later.accepted), Set(later.rejected))
    accepted.removeAll { right.contains($0) || wrong.contains($0) }
    rejected.removeAll { right.contains($0) || wrong.contains($0) }
    accepted += later.accepted
    rejected += later.rejected
  }
}
