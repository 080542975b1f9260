import Foundation
import Storage

extension LabelVocabulary {
  /// Reads a vocabulary file.
  ///
  /// | content | recognised by |
  /// |---|---|
  /// | records `{"id", "text", "alternatives", "parents", "notation", "language"}` | the name's end `.jsonl`, or `{` at the beginning |
  /// | a table with a header (CSV, TSV) | its header; see `VocabularyTable` |
  /// | Annif's `<uri>` TAB label TAB notation | `<` at the beginning, and a tab |
  /// | SKOS in N-Triples | `.nt`, or `<` or `_:` at the beginning, and no tab |
  /// | SKOS in Turtle | `.ttl`, or a directive such as `@prefix` |
  /// | SKOS in RDF/XML | `.rdf`, `.xml`, `.owl`, or `<?xml` or `<rdf:RDF` at the beginning |
  ///
  /// The file may be compressed (`.gz`, `.xz`, `.zst`, `.bz2`, `.lz4`). Turtle and RDF/XML are
  /// converted to N-Triples by the programs rapper or serdi.
  ///
  /// - Parameter language: the language of the texts, such as "sv", for files with several; nil
  ///   accepts a file with one.
  /// - Throws: `FileError`; `InputError` with the position of the first fault, if texts have several
  ///   languages and none is chosen, or if no program can read the form.
  public init(contentsOf path: String, language: String? = nil) throws {
    let file = try PackedFile.open(path)
    let hash = file.withBytes {
      XXHash64.hash(XXHash64.hash($0).description + (language ?? ""))
    }
    let entries: [Entry]
    switch VocabularyForm(of: file, path: path) {
    case .records: entries = try Self.records(file, path: path)
    case .table(let separator):
      entries = try VocabularyTable(file, path: path, separator: separator, language: language)
        .entries
    case .subjects: entries = try Self.subjects(file, path: path, language: language)
    case .triples: entries = try SKOSConcepts(file, path: path).entries(in: language)
    case .graph(let syntax):
      let triples = try TripleConversion(syntax).triples(of: file, path: path)
      entries = try SKOSConcepts(triples, path: path, isConverted: true).entries(in: language)
    }
    try self.init(path: path, entries: entries, contentHash: hash)
  }

  /// The records of a file like `labels.jsonl`.
  private static func records(_ file: MappedFile, path: String) throws -> [Entry] {
    var skipped = SkippedLines()
    let labels = try LabelsReader(
      LineReader(
        file: file, policy: .refuse, name: path,
        example: #"{"id": "…", "text": "…", "alternatives": ["…"], "parents": ["…"]}"#),
      skipped: &skipped
    ).labels
    return (0..<labels.count).map { index in
      let text = labels.texts.flatMap { $0.isMissing(at: index) ? nil : $0[index] }
      return Entry(
        id: labels.ids[index], text: text, details: labels.details?[index] ?? LabelDetails())
    }
  }

  /// The lines `<uri>`, label and optionally notation of Annif.
  private static func subjects(
    _ file: MappedFile, path: String, language: String?
  ) throws -> [Entry] {
    var entries: [Entry] = []
    var skipped = SkippedLines()
    try LineReader(file: file, policy: .refuse, name: path).forEachLine(skipped: &skipped) {
      (bytes, range) throws(LineFault) in
      let line = try VocabularyText.text(bytes, range)
      guard !line.allSatisfy(\.isWhitespace) else { return }
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespacesAndNewlines)
      }
      guard fields.count >= 2, fields[0].hasPrefix("<"), fields[0].hasSuffix(">"),
        !fields[1].isEmpty
      else {
        throw LineFault(
          position: range.lowerBound, reason: "the line has \(counted(fields.count, "field"))",
          expected: "<uri>, a tab, the label, and optionally a tab and the notation")
      }
      entries.append(
        Entry(
          id: try VocabularyText.name(
            String(fields[0].dropFirst().dropLast()), at: range.lowerBound),
          text: fields[1],
          details: LabelDetails(
            notation: fields.count > 2 && !fields[2].isEmpty ? fields[2] : nil, language: language)
        ))
    }
    return entries
  }
}

/// The form of a vocabulary file.
enum VocabularyForm: Equatable {
  case records
  case table(separator: UInt8)
  case subjects
  case triples
  case graph(TripleConversion.Syntax)

  /// Recognises the form by the file's name, else by its first line that is not blank.
  init(of file: MappedFile, path: String) {
    var name = path.lowercased()
    for packed in [".gz", ".xz", ".zst", ".bz2", ".lz4"] where name.hasSuffix(packed) {
      name.removeLast(packed.count)
    }
    let first = file.withBytes(Self.firstLine)
    switch name.split(separator: ".").last {
    case "jsonl", "json": self = .records
    case "nt": self = .triples
    case "ttl", "turtle": self = .graph(.turtle)
    case "rdf", "xml", "owl": self = .graph(.xml)
    default: self = Self.form(of: first)
    }
  }

  private static func form(of line: String) -> VocabularyForm {
    let lower = line.lowercased()
    if line.hasPrefix("{") { return .records }
    if lower.hasPrefix("<?xml") || lower.hasPrefix("<rdf:rdf") { return .graph(.xml) }
    if ["@prefix", "@base", "prefix ", "base "].contains(where: { lower.hasPrefix($0) }) {
      return .graph(.turtle)
    }
    let isTriple =
      line.hasSuffix(".") && (line.hasPrefix("_:") || line.utf8.count { $0 == 0x3C } > 1)
    if line.hasPrefix("<"), line.contains("\t"), !isTriple { return .subjects }
    if isTriple { return .triples }
    let counts = [UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: ",")].map { separator in
      (separator: separator, count: line.utf8.count { $0 == separator })
    }
    return .table(separator: counts.max { $0.count < $1.count }?.separator ?? UInt8(ascii: ","))
  }

  /// The first line that is neither blank nor a comment, without white space around it.
  private static func firstLine(of bytes: UnsafeRawBufferPointer) -> String {
    var start = ByteOrderMark.length(in: bytes)
    while start < bytes.count {
      let end = LineReader.lineEnd(in: bytes, from: start)
      let line = String(decoding: bytes[start..<min(end, start + 4096)], as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      if !line.isEmpty, !line.hasPrefix("#") { return line }
      start = end + 1
    }
    return ""
  }
}
