public import Storage

/// `filter_labels_train.txt` and `filter_labels_test.txt` of the extreme-classification repository.
///
/// A line has a document's row and a label's row, separated by a space, both counted from 0.
public enum FilterLabelsFile {
  /// Reads the file at `path`; pairs may be in any order and repeated.
  ///
  /// - Parameters:
  ///   - rowCount: the number of documents of the split.
  ///   - labelCount: the number of labels.
  /// - Returns: `[documents, labels]`, labels ascending in each row; nil if there are no pairs.
  /// - Throws: `FileError` when it cannot be read; `InputError` with the position of the first line
  ///   that is not a pair of a document and a label.
  public static func read(_ path: String, rowCount: Int, labelCount: Int) throws -> CSRMatrix? {
    let reader = LineReader(file: try PackedFile.open(path), policy: .refuse, name: path)
    var pairs: [UInt64] = []
    var skipped = SkippedLines()
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      var cursor = SVMLightCursor(bytes, in: range)
      let row = try cursor.integer(upTo: rowCount - 1, "a document's row")
      try cursor.skip(" ", "a space and a label's row")
      let label = try cursor.integer(upTo: labelCount - 1, "a label's row")
      try cursor.finish("the end of the line: a document's row and a label's row")
      pairs.append(UInt64(row) << 32 | UInt64(label))
    }
    guard !pairs.isEmpty else { return nil }
    pairs.sort()
    var offsets = [Int64](repeating: 0, count: rowCount + 1)
    var columns: [Int32] = []
    var before: UInt64?
    for pair in pairs where pair != before {
      before = pair
      columns.append(Int32(truncatingIfNeeded: pair & 0xFFFF_FFFF))
      offsets[Int(pair >> 32) + 1] += 1
    }
    for row in 0..<rowCount { offsets[row + 1] += offsets[row] }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), columnCount: labelCount)
  }

  /// Writes the pairs of `filter`, `[documents, labels]`, to `path` atomically.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public static func write(_ filter: CSRMatrix, to path: String) throws {
    let file = try AtomicFile(path: path)
    for row in 0..<filter.rowCount {
      for label in filter.columns(ofRow: row) { try file.write("\(row) \(label)\n") }
    }
    try file.commit()
  }
}
