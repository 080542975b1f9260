/// Where the lines of a converted file come from.
struct RecordPlaces {
  private var files: [String] = []
  private var lines: [(file: Int32, line: Int32)] = []

  /// Begins the records of another file.
  mutating func begin(file: String) { files.append(file) }

  /// Adds a record of the current file.
  mutating func add(line: Int) {
    lines.append((Int32(files.count - 1), Int32(clamping: line)))
  }

  /// The number of records.
  var count: Int { lines.count }

  /// The file and the line of record `index`.
  subscript(index: Int) -> (file: String, line: Int) {
    let (file, line) = lines[index]
    return (files[Int(file)], Int(line))
  }
}
