import Foundation
package import Storage

/// Texts to answer, from a file or a stream of any format, with their names and further columns.
///
/// A regular file is unpacked and converted as for training. Standard input, a pipe or a FIFO is read
/// in UTF-8 as its records arrive: `next()` waits for one complete record at most, except that a JSON
/// array is read to its end.
package final class TextRecordStream {
  /// A text.
  package struct Record {
    /// Its name; nil if it has none.
    package var id: String?
    package var text: String
    /// The values of the kept columns, in their order; null for a record without one.
    package var kept: [JSONValue]
  }

  /// A text, or the reason why it cannot be read.
  package enum Entry {
    case record(Record)
    case bad(InputError)
  }

  private enum Source {
    case file(InputFile)
    case stream(ByteStream)
  }

  /// The format and the columns, as the first records show them.
  private struct Layout {
    var format: any RecordFormat
    var ends: RowEnds
    var mapping: ColumnMapping
    var kept: [String]
  }

  private let source: Source
  private let reading: DataReading
  private let columns: [String]
  private var layout: Layout?
  /// The bytes of a stream that are not read yet.
  private var rest: [UInt8] = []
  /// Whether only the whole stream can be read.
  private var waitsForEnd = false
  /// The position in a file.
  private var position = 0
  /// The line there.
  private var line = 1
  private static let batchSize = 256

  /// Opens the file at `path`; nil is standard input.
  ///
  /// - Parameter columns: the further columns to keep.
  /// - Throws: `FileError`; `InputError` for a file that is not text.
  package init(_ path: String?, _ reading: DataReading, keeping columns: [String] = []) throws {
    self.reading = reading
    self.columns = columns
    // Other encodings are converted as a whole.
    source =
      Self.isRegular(path) || (reading.encoding ?? .utf8) != .utf8
      ? .file(try InputFile(path ?? InputFile.standardInput, encoding: reading.encoding))
      : .stream(try ByteStream(path: path))
  }

  private static func isRegular(_ path: String?) -> Bool {
    var status = stat()
    let code = path.map { stat($0, &status) } ?? fstat(STDIN_FILENO, &status)
    return code == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// At least one text; nil at the end.
  ///
  /// - Throws: `FileError`; `InputError` for a file of another kind, for columns that are not clear, and
  ///   for a fault that hides where the next record begins.
  package func next() throws -> [Entry]? {
    switch source {
    case .file(let file): try next(in: file)
    case .stream(let bytes): try next(from: bytes)
    }
  }

  private func next(in file: InputFile) throws -> [Entry]? {
    if layout == nil {
      layout = try layout(of: file, reading.format ?? DataFormat.guess(file), isAll: true)
    }
    return try file.content.withBytes { bytes in
      while position < bytes.count {
        let found = try entries(in: bytes, name: file.name, limit: Self.batchSize)
        if !found.isEmpty { return found }
      }
      return nil
    }
  }

  private func next(from stream: ByteStream) throws -> [Entry]? {
    while !stream.isAtEnd {
      try stream.read(into: &rest)
      if layout == nil { layout = try layoutOfBeginning(of: stream) }
      guard var ends = layout?.ends else { continue }
      rest.withUnsafeBytes { ends.look(at: $0, isAll: stream.isAtEnd) }
      let end = ends.end
      ends.removeToEnd()
      layout?.ends = ends
      guard end > 0 else { continue }
      position = 0
      let found = try rest[..<end].withUnsafeBytes {
        try entries(in: $0, name: stream.name, limit: .max)
      }
      rest.removeFirst(end)
      if !found.isEmpty { return found }
    }
    return nil
  }

  /// The layout of a stream; nil until a record is complete.
  private func layoutOfBeginning(of stream: ByteStream) throws -> Layout? {
    if let foreign = rest.withUnsafeBytes({ ForeignFile(binary: $0) }) {
      throw foreign.error(file: stream.name, wanted: "text, such as CSV or lines of JSON")
    }
    guard stream.isAtEnd || (!waitsForEnd && rest.contains(UInt8(ascii: "\n"))) else { return nil }
    let format =
      try reading.format ?? DataFormat.guess(InputFile(beginning: rest[...], of: stream.name))
    if format == .json, !stream.isAtEnd {
      waitsForEnd = true
      return nil
    }
    var ends = RowEnds(
      format, rest.withUnsafeBytes { CSVDialect.forTable(in: $0, format: format) })
    rest.withUnsafeBytes { ends.look(at: $0, isAll: stream.isAtEnd) }
    return try layout(
      of: InputFile(beginning: rest[..<ends.end], of: stream.name), format, isAll: stream.isAtEnd)
  }

  /// Finds out the columns; nil if `file` has no record, but is not all.
  private func layout(of file: InputFile, _ format: DataFormat, isAll: Bool) throws -> Layout? {
    let records: any RecordFormat
    var dialect: CSVDialect?
    switch format {
    case .jsonl: records = JSONLinesFormat()
    case .json: records = JSONFormat()
    case .csv, .tsv:
      let table = try CSVFormat(file, reading, isTSV: format == .tsv)
      (records, dialect) = (table, table.dialect)
    case .fasttext: records = FastTextFormat()
    case .annif: records = AnnifFormat()
    case .lines: records = LinesFormat()
    case .svmlight, .annifFolder, .xmcText:
      throw InputError(
        file: file.name, reason: "the format \(format.rawValue) has no texts by record",
        expected: "jsonl, json, csv, tsv, fasttext, annif or lines")
    }
    var sample: [SourceRecord] = []
    try file.forEachRecord(of: records, limit: 200, bad: { _ in }) {
      (record) throws(LineFault) in sample.append(record)
    }
    guard isAll || !sample.isEmpty else { return nil }
    let isFixed = [.fasttext, .annif, .lines].contains(format)
    let mapping =
      isFixed || sample.isEmpty
      ? ColumnMapping.fixed(hasLabels: format != .lines)
      : try ColumnMapping(sample, reading, file: file.name, needsLabels: false)
    return Layout(
      format: records, ends: RowEnds(format, dialect), mapping: mapping,
      kept: try kept(of: sample, isTable: dialect != nil, file: file.name))
  }

  /// The names of the kept columns as the records have them.
  ///
  /// - Throws: `InputError` for a missing column; a later record of JSON may have it.
  private func kept(of sample: [SourceRecord], isTable: Bool, file: String) throws -> [String] {
    let names = Set(sample.flatMap { $0.fields.map(\.name) })
    return try columns.map { column in
      let name = column.normalizedToNFC
      if names.contains(name) { return name }
      let same = names.filter { $0.lowercased() == name.lowercased() }
      if same.count == 1, let only = same.first { return only }
      guard !isTable || sample.isEmpty else {
        throw InputError(
          file: file, reason: "the column \"\(column)\" to keep is missing",
          expected: "one of "
            + (sample.first?.fields ?? []).prefix(12).map { "\"\($0.name)\"" }
            .joined(separator: ", "))
      }
      return name
    }
  }

  /// Reads records from `position` on, and moves it.
  private func entries(in bytes: UnsafeRawBufferPointer, name: String, limit: Int) throws
    -> [Entry]
  {
    guard var layout else { return [] }
    defer { self.layout = layout }
    var scanner = RecordScanner(bytes, at: position, line: line)
    defer { (position, line) = (scanner.position, scanner.line) }
    var found: [Entry] = []
    while !scanner.isAtEnd, found.count < limit {
      let (start, first) = (scanner.position, scanner.line)
      do throws(LineFault) {
        guard let fields = try layout.format.record(&scanner) else { continue }
        found.append(.record(try record(SourceRecord(line: first, fields: fields), layout)))
      } catch {
        let error = error.located(file: name, recordAt: start, line: first, in: bytes)
        if scanner.isLost { throw error }
        found.append(.bad(error))
      }
    }
    return found
  }

  private func record(_ record: SourceRecord, _ layout: Layout) throws(LineFault) -> Record {
    // Unlike a document of a data set, a text to answer may lack a name.
    let value = layout.mapping.id.flatMap { record[$0]?.value }
    let isNamed = value != nil && value != .null && value != .string("")
    return Record(
      id: isNamed ? try layout.mapping.name(of: record) : nil,
      text: try layout.mapping.text(of: record).normalizedToNFC,
      kept: layout.kept.map { record[$0]?.value ?? .null })
  }
}

extension InputFile {
  /// The beginning of a stream in UTF-8.
  fileprivate init(beginning: ArraySlice<UInt8>, of name: String) throws {
    let copy = try TemporaryFile()
    try beginning.withUnsafeBytes(copy.write)
    self.name = name
    content = try copy.mapped(as: name)
    encoding = .utf8
    packing = nil
    baseName = name
  }
}

extension CSVDialect {
  /// The dialect of a table that may end within a row; nil for other formats.
  fileprivate static func forTable(in bytes: UnsafeRawBufferPointer, format: DataFormat)
    -> CSVDialect?
  {
    guard format == .csv || format == .tsv else { return nil }
    return guess(bytes, isTSV: format == .tsv)
      ?? CSVDialect(separator: UInt8(ascii: format == .tsv ? "\t" : ","))
  }
}
