import Foundation
import Storage

/// Files of any format as lines of JSON, which one reader reads.
///
/// A line is `{"text", "labels": […], "id"?, "weights"?, "extra": {…}?}`. A single file that has these
/// keys already is used as it is; others are converted to an unnamed temporary file.
struct CanonicalRecords {
  /// The lines.
  let file: MappedFile
  /// Where each line comes from; nil if the file is the user's.
  private(set) var places: RecordPlaces?
  /// The number of lines of each input; empty if the file is the user's.
  private(set) var counts: [Int] = []
  /// The records that were left out by the conversion.
  private(set) var skipped = SkippedLines()
  /// A sentence for each file that is not lines of JSON with the usual keys.
  private(set) var notes: [String] = []
  /// The format and the columns of each input.
  private(set) var understood: [UnderstoodFile] = []

  /// Opens and, if necessary, converts files.
  ///
  /// - Parameters:
  ///   - paths: the files, or folders of an Annif corpus; `-` is standard input.
  /// - Throws: `FileError`; `InputError` for a bad record if bad records are refused, for a fault that
  ///   hides where the next record begins, and for columns that are not clear.
  init(_ paths: [String], _ reading: DataReading, badLines: BadLinePolicy) throws {
    var opened: [(path: String, source: RecordSource)] = []
    for path in paths { opened.append((path, try RecordSource(path, reading))) }
    if opened.count == 1, case .file(let input, .jsonl) = opened[0].source, input.isAsStored,
      !reading.namesColumns, try Self.isPlain(input)
    {
      file = input.content
      understood = [UnderstoodFile(input: input, format: .jsonl, mapping: .plain)]
      return
    }
    var conversion = try Conversion(reading, badLines: badLines)
    for (path, source) in opened { try conversion.add(source, path: path) }
    file = try conversion.finish(as: paths.joined(separator: ", "))
    (places, counts, skipped) = (conversion.places, conversion.counts, conversion.skipped)
    understood = conversion.understood
    notes = understood.map(\.note)
  }

  /// Whether the first records of a file of JSON lines have the keys of the reader.
  ///
  /// So is a file whose first lines are damaged: the reader reports them.
  private static func isPlain(_ input: InputFile) throws -> Bool {
    var names: Set<String> = []
    var isSimple = true
    try input.forEachRecord(of: JSONLinesFormat(), limit: 200, bad: { _ in }) {
      (record) throws(LineFault) in
      names.formUnion(record.fields.map(\.name))
      let labels = record["labels"] ?? record["label"]
      if case .array(let elements) = labels?.value {
        isSimple = isSimple && !elements.contains { !$0.value.members.isEmpty }
      } else if labels?.value.members.isEmpty == false {
        isSimple = false
      }
      if case .array = record["text"]?.value { isSimple = false }
    }
    // Records with other faults are reported by the reader too.
    if names.isSubset(of: ["id", "text", "labels", "label", "weights"]), isSimple { return true }
    let isLabelled = names.contains("labels") || names.contains("label")
    return isSimple && names.contains("text") && isLabelled
      && !names.contains(where: UsualColumns.isTitle)
  }
}

/// The format and the columns of a file, as they were understood.
public struct UnderstoodFile: Hashable, Sendable {
  /// The file's name.
  public var file: String
  /// The format.
  public var format: DataFormat
  /// The encoding.
  public var encoding: TextEncoding
  /// The format, its details, the encoding and the columns in one sentence, without the file's name.
  public var description: String

  init(input: InputFile, format: DataFormat, detail: String? = nil, mapping: ColumnMapping) {
    (file, self.format, encoding) = (input.name, format, input.encoding)
    var parts = [format.title + (detail.map { " (\($0))" } ?? "")]
    if input.encoding != .utf8 { parts.append("converted from \(input.encoding.title)") }
    if let packing = input.packing { parts.append("unpacked by \(packing.tool)") }
    description = "\(parts.joined(separator: ", ")); \(mapping.note)"
  }

  init(folder: String, format: DataFormat, documents: Int) {
    (file, self.format, encoding) = (folder, format, .utf8)
    description = "\(format.title), \(counted(documents, "document"))"
  }

  /// The sentence with the file's name.
  var note: String { "\(file): \(description)" }
}

/// A file or folder whose records can be read.
enum RecordSource {
  case file(InputFile, DataFormat)
  case annifFolder(AnnifFolder)

  init(_ path: String, _ reading: DataReading) throws {
    var isFolder: ObjCBool = false
    if path != InputFile.standardInput,
      FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    {
      self = .annifFolder(try AnnifFolder(path, encoding: reading.encoding))
      return
    }
    let input = try InputFile(path, encoding: reading.encoding)
    let format = try reading.format ?? DataFormat.guess(input)
    switch format {
    case .annifFolder, .xmcText:
      throw InputError(
        file: input.name, reason: "it is a file", expected: "a folder, as \(format.rawValue) is")
    default: self = .file(input, format)
    }
  }
}

/// Writes records of many formats as lines.
private struct Conversion {
  private let reading: DataReading
  private let badLines: BadLinePolicy
  private let output: TemporaryFile
  private var writer = JSONTextWriter()
  var places = RecordPlaces()
  var counts: [Int] = []
  var skipped = SkippedLines()
  var understood: [UnderstoodFile] = []

  init(_ reading: DataReading, badLines: BadLinePolicy) throws {
    (self.reading, self.badLines) = (reading, badLines)
    output = try TemporaryFile()
  }

  mutating func add(_ source: RecordSource, path: String) throws {
    let before = places.count
    switch source {
    case .annifFolder(let folder):
      for document in folder.documents {
        let (text, labels) = try folder.read(document)
        places.begin(file: document.textFile)
        let record = SourceRecord(
          line: 1,
          fields: [
            .init("id", .init(.string(document.name))), .init("text", .init(.string(text))),
            .init("labels", .init(.array(labels.map { .init(.string($0)) }))),
          ])
        try write(record, by: .plain)
        try writer.flush(output.write)
      }
      understood.append(
        UnderstoodFile(
          folder: folder.path, format: .annifFolder, documents: folder.documents.count))
    case .file(let input, let format):
      places.begin(file: input.name)
      switch format {
      case .jsonl: try add(input, format, JSONLinesFormat())
      case .json: try add(input, format, JSONFormat())
      case .csv, .tsv:
        let table = try CSVFormat(input, reading, isTSV: format == .tsv)
        try add(input, format, table, detail: table.detail)
      case .fasttext: try add(input, format, FastTextFormat())
      case .annif: try add(input, format, AnnifFormat())
      case .lines:
        throw InputError(
          file: input.name, line: 1, column: 1, reason: "the file looks like plain text",
          expected: Self.wanted)
      case .svmlight, .annifFolder, .xmcText:
        throw InputError(
          file: input.name, line: 1, column: 1, reason: "the file looks like \(format.title)",
          expected: "texts with labels; svmlight alone, in a file whose name ends in .svm or .txt")
      }
    }
    counts.append(places.count - before)
  }

  private mutating func add(
    _ input: InputFile, _ format: DataFormat, _ records: some RecordFormat, detail: String? = nil
  ) throws {
    var sample: [SourceRecord] = []
    var firstFault: InputError?
    try input.forEachRecord(of: records, limit: 200, bad: { firstFault = firstFault ?? $0 }) {
      (record) throws(LineFault) in sample.append(record)
    }
    guard !sample.isEmpty else {
      if var fault = firstFault {
        if badLines == .skip { fault.reason = "no record can be read; the first: " + fault.reason }
        throw fault
      }
      throw noRecords(input)
    }
    let mapping: ColumnMapping
    switch format {
    case .fasttext, .annif: mapping = .fixed(hasLabels: true)
    default:
      mapping = try ColumnMapping(sample, reading, file: input.name, needsLabels: true)
    }
    understood.append(
      UnderstoodFile(input: input, format: format, detail: detail, mapping: mapping))
    let first = places.count
    var failure: (any Error)?
    try input.forEachRecord(
      of: records,
      bad: { error in
        guard badLines == .skip else { throw error }
        skipped.add(error)
      }
    ) { (record) throws(LineFault) in
      guard failure == nil else { return }
      try write(record, by: mapping)
      do { try writer.flush(output.write) } catch { failure = error }
    }
    if let failure { throw failure }
    if places.count == first, var error = skipped.first.last {
      error.reason = "no record can be read; the last: " + error.reason
      throw error
    }
  }

  private static let wanted =
    "texts with labels: CSV or TSV with a header, fastText lines, or one JSON object per line: "
    + #"{"text": "…", "labels": ["…"]}"#

  private func noRecords(_ input: InputFile) -> InputError {
    InputError(file: input.name, reason: "there are no records", expected: Self.wanted)
  }

  private mutating func write(_ record: SourceRecord, by mapping: ColumnMapping) throws(LineFault) {
    let text = try mapping.text(of: record)
    let labels = try mapping.labels(of: record)
    let id = try mapping.name(of: record)
    writer.append("{\"text\":")
    writer.appendString(text)
    if let id {
      writer.append(",\"id\":")
      writer.appendString(id)
    }
    writer.append(",\"labels\":[")
    for (index, label) in labels.enumerated() {
      if index > 0 { writer.append(",") }
      writer.appendString(label)
    }
    writer.append("]")
    var extras = record.fields.filter { mapping.isExtra($0.name) }
    if let weights = record["weights"]?.value, case .array = weights,
      case .array = mapping.label.flatMap({ record[$0]?.value })
    {
      writer.append(",\"weights\":")
      writer.appendValue(weights)
      extras.removeAll { $0.name == "weights" }
    }
    if !extras.isEmpty {
      writer.append(",\"extra\":{")
      for (index, field) in extras.enumerated() {
        if index > 0 { writer.append(",") }
        writer.appendString(field.name)
        writer.append(":")
        writer.appendValue(field.element.value)
      }
      writer.append("}")
    }
    writer.append("}\n")
    places.add(line: record.line)
  }

  mutating func finish(as name: String) throws -> MappedFile {
    try writer.flush(all: true, output.write)
    return try output.mapped(as: name)
  }
}

extension ColumnMapping {
  /// The mapping of formats without columns.
  static func fixed(hasLabels: Bool) -> ColumnMapping {
    var mapping = plain
    mapping.id = nil
    if !hasLabels { mapping.label = nil }
    return mapping
  }

  /// The document's name; nil if it has none.
  func name(of record: SourceRecord) throws(LineFault) -> String? {
    guard let id else { return nil }
    guard let element = record[id] else {
      throw LineFault(
        reason: "the record has no \"\(id)\"",
        expected: "it in every record (--id none names documents by their lines)")
    }
    guard let name = element.value.plainText else {
      throw LineFault(
        position: element.position, reason: "the id is \(element.value.described)",
        expected: "a name or a number")
    }
    return Self.wholeNumber(name)
  }
}

extension CSVFormat {
  /// The separator, the quotation marks and the header in words.
  var detail: String {
    let separator = dialect.separator == 0x09 ? "tab" : "\"\(Unicode.Scalar(dialect.separator))\""
    return "separator \(separator)" + (dialect.hasQuotes ? "" : ", quotation marks as characters")
      + (hasHeader ? "" : ", no header")
      + (rowsAboveHeader > 0
        ? ", \(counted(rowsAboveHeader, "row")) above the header left out" : "")
  }
}
