import Datasets
import Storage

/// The texts of a command: arguments, lines, or records of files.
///
/// Texts come as they arrive: `next()` waits for one at most.
final class TextInput {
  /// A text, or the reason why it cannot be read.
  enum Entry {
    case record(TextRecord)
    case bad(InputError)
  }

  /// The number of texts so far, unreadable ones included.
  private(set) var count = 0
  /// The names of the columns that records carry.
  let kept: [String]
  /// The fault of unreadable lines, as a predicate.
  let fault: String
  private var sources: ArraySlice<() throws -> Entries>
  private var current: Entries?

  /// Reads entries without their numbers; nil at the end.
  private typealias Entries = () throws -> [Entry]?

  /// Texts from arguments.
  init(texts: [String]) {
    (kept, fault) = ([], "")
    var rest: [Entry]? = texts.map { .record(TextRecord(id: "", text: $0.normalizedToNFC)) }
    current = {
      defer { rest = nil }
      return rest
    }
    sources = []
  }

  /// Texts of files, one after the other; nil is standard input.
  ///
  /// A file has a text per line, unless its name is that of a format of records, or options name one or
  /// columns.
  ///
  /// - Throws: `FileError` when the first file cannot be opened; `InputError` if it is not text.
  init(files: [String?], _ reading: DataReading?, as usual: DataReading?, keeping columns: [String])
    throws
  {
    kept = columns
    let areLines =
      columns.isEmpty && (reading == nil || reading == DataReading(format: .lines))
    func hasRecords(_ path: String?) -> Bool {
      guard areLines else { return true }
      return reading == nil && path.flatMap(DataFormat.named(by:)) != nil
    }
    fault = files.contains(where: hasRecords) ? "cannot be read" : "are not UTF-8"
    let opening: [() throws -> Entries] = files.map { path in
      let isOfRecords = hasRecords(path)
      return {
        try isOfRecords
          ? Self.records(
            path, (reading ?? DataReading()).completed(by: usual), keeping: columns)
          : Self.lines(path)
      }
    }
    sources = opening[...]
    current = try sources.popFirst()?()
  }

  private static func records(_ path: String?, _ reading: DataReading, keeping columns: [String])
    throws -> Entries
  {
    let stream = try TextRecordStream(path, reading, keeping: columns)
    return {
      try stream.next()?.map {
        switch $0 {
        case .record(let record):
          .record(
            TextRecord(
              id: record.id ?? "", isNamed: record.id != nil, text: record.text,
              kept: zip(columns, record.kept).map { (name: $0, value: $1) }))
        case .bad(let error): .bad(error)
        }
      }
    }
  }

  private static func lines(_ path: String?) throws -> Entries {
    let lines = try TextLines(path: path)
    return {
      try lines.next()?.map {
        switch $0 {
        case .text(let text): .record(TextRecord(id: "", text: text))
        case .bad(let error): .bad(error)
        }
      }
    }
  }

  /// At least one entry; nil at the end.
  ///
  /// - Throws: `FileError`, `InputError`.
  func next() throws -> [Entry]? {
    while let read = current {
      guard let entries = try read() else {
        current = try sources.popFirst()?()
        continue
      }
      return entries.map(numbered)
    }
    return nil
  }

  private func numbered(_ entry: Entry) -> Entry {
    count += 1
    guard case .record(var record) = entry, !record.isNamed else { return entry }
    record.id = "\(count)"
    return .record(record)
  }
}
