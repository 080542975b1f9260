import Storage

/// Rows on their way to a file or to standard output.
///
/// A file appears once it is complete; standard output gets rows as they come.
struct AnswerFile {
  let writer: RowsWriter
  private let file: AtomicFile?
  private(set) var count = 0

  /// Opens the file, or standard output for nil, and writes the header.
  ///
  /// - Throws: `FileError` if the file cannot be made.
  init(_ path: String?, _ writer: RowsWriter) throws {
    self.writer = writer
    file = try path.map { try AtomicFile(path: $0) }
    try put(writer.header)
  }

  /// Writes rows.
  mutating func write(_ rows: [OutputRow]) throws {
    try put(rows.map(writer.lines).joined())
    count += rows.count
  }

  /// Makes the file appear and says so on standard error.
  func finish() throws {
    guard let file else { return }
    try file.commit()
    StandardStreams.note("\(file.path): \(counted(count, "answer"))")
  }

  private func put(_ text: String) throws {
    guard let file else {
      if !text.isEmpty { try StandardStreams.write(text) }
      return
    }
    try file.write(text)
  }
}
