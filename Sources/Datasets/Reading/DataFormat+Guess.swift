import Foundation
import Storage

extension DataFormat {
  /// The format of a file, by its content and its name.
  ///
  /// The first line that is not blank decides; where it may be several, the ending of the name does.
  /// Plain text with commas is a table only if the name says so, or if its first row has usual names
  /// of columns.
  ///
  /// - Throws: `InputError` for a format that is recognised but not read.
  static func guess(_ file: InputFile) throws -> DataFormat {
    try file.content.withBytes { bytes in
      let start = bytes.indices.dropFirst(ByteOrderMark.length(in: bytes)).first {
        !ForeignFile.isBlank(bytes[$0])
      }
      let byName = Self.byEnding(file.ending)
      guard let start else { return byName ?? .jsonl }
      let range = start..<LineReader.lineEnd(in: bytes, from: start)
      switch bytes[start] {
      case UInt8(ascii: "["): return .json
      case UInt8(ascii: "{"): return isOneLine(bytes, range, byName) ? .jsonl : .json
      case UInt8(ascii: "<") where byName == nil || byName == .json:
        if let foreign = ForeignFile(text: bytes) {
          throw foreign.error(file: file.name, wanted: "CSV, TSV or lines of JSON")
        }
      default: break
      }
      let line = String(decoding: bytes[range.prefix(4096)], as: UTF8.self)
      if line.hasPrefix(FastTextFormat.prefix) { return .fasttext }
      if let last = line.split(separator: "\t").dropFirst().last,
        !last.trimmingBlanks().isEmpty,
        last.split(separator: " ").allSatisfy({
          $0.trimmingBlanks().withoutAngleBrackets?.contains(":") == true
        })
      {
        return .annif
      }
      if ForeignFile.isSVMLight(line), byName != .csv { return .svmlight }
      if byName == .csv || byName == .tsv {
        return byName == .tsv && !line.contains("\t") ? .csv : byName ?? .csv
      }
      if let dialect = CSVDialect.guess(bytes, isTSV: false) {
        let isTable =
          dialect.separator == UInt8(ascii: "\t") || hasUsualName(bytes, dialect)
        if isTable { return dialect.separator == UInt8(ascii: "\t") ? .tsv : .csv }
      }
      return byName ?? .lines
    }
  }

  /// The format of records that the end of a path names, also of a compressed file; nil if it names
  /// none.
  package static func named(by path: String) -> DataFormat? {
    var name = path as NSString
    if PackedFile.Packing(rawValue: name.pathExtension.lowercased()) != nil {
      name = name.deletingPathExtension as NSString
    }
    let format = byEnding(name.pathExtension.lowercased())
    return format == .svmlight ? nil : format
  }

  private static func byEnding(_ ending: String) -> DataFormat? {
    switch ending {
    case "jsonl", "ndjson", "jl": .jsonl
    case "json": .json
    case "csv": .csv
    case "tsv", "tab": .tsv
    case "ft", "fasttext": .fasttext
    case "svm", "svmlight", "libsvm": .svmlight
    default: nil
    }
  }

  /// Whether the object that begins in a line also ends there.
  ///
  /// A damaged line is one too: the reader of lines reports it.
  private static func isOneLine(
    _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, _ byName: DataFormat?
  ) -> Bool {
    if byName == .jsonl { return !bytes[line].dropFirst().allSatisfy(ForeignFile.isBlank) }
    var cursor = JSONCursor(bytes, in: line, readsNaN: true)
    do {
      try cursor.skipValue()
      return true
    } catch {
      return error.position ?? 0 < line.upperBound
    }
  }

  private static func hasUsualName(_ bytes: UnsafeRawBufferPointer, _ dialect: CSVDialect) -> Bool {
    var scanner = RecordScanner(bytes)
    do {
      return try dialect.row(&scanner).contains { cell in
        UsualColumns.isUsual(try dialect.text(of: cell, scanner).trimmingBlanks())
      }
    } catch {
      return false
    }
  }
}
