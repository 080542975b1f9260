/// Where the lines of a converted file come from.
struct RecordPlaces {
  private var files: [String] = []
  /// The rank counts the records that begin on one line.
  private var lines: [(file: Int32, line: Int32, rank: Int32)] = []

  /// Begins the records of another file.
  mutating func begin(file: String) { files.append(file) }

  /// Adds a record of the current file.
  mutating func add(line: Int) {
    let (file, line) = (Int32(files.count - 1), Int32(clamping: line))
    let rank =
      lines.last.map { $0.file == file && $0.line == line ? $0.rank + 1 : 1 } ?? 1
    lines.append((file, line, rank))
  }

  /// The number of records.
  var count: Int { lines.count }

  /// The file and the line of record `index`.
  subscript(index: Int) -> (file: String, line: Int) {
    let (file, line, _) = lines[index]
    return (files[Int(file)], Int(line))
  }

  /// The name of record `index` in its file: its line, and its rank if it is not the first there.
  func name(at index: Int) -> String {
    let (_, line, rank) = lines[index]
    return rank == 1 ? "\(line)" : "\(line).\(rank)"
  }
}
