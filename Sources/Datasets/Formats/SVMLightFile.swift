import Foundation
public import Storage

/// The sparse format of the extreme-classification repository.
///
/// The first line is `N D L`: rows, features, labels. Each further line is a row: its labels,
/// separated by commas, a space, and `feature:value` pairs separated by spaces; both are counted
/// from 0. A row without labels starts with the space. Format:
/// <http://manikvarma.org/downloads/XC/XMLRepository.html>, "Data format".
public struct SVMLightFile: Sendable, Equatable {
  /// `[rows, features]`, with values.
  public var features: CSRMatrix
  /// `[rows, labels]`, without values.
  public var labels: CSRMatrix

  /// Creates a file from both matrices.
  ///
  /// - Precondition: they have the same number of rows.
  public init(features: CSRMatrix, labels: CSRMatrix) {
    precondition(
      features.rowCount == labels.rowCount,
      "\(features.rowCount) rows of features for \(labels.rowCount) rows of labels")
    self.features = features
    self.labels = labels
  }

  /// The default limit on the numbers of features and labels in a header, unless the file has as
  /// many bytes: 2²², or the value of the environment variable `DECANT_COLUMN_LIMIT`.
  ///
  /// Memory grows with the numbers in the header, even if the rows use few of them. The largest
  /// data sets of the repository have 2.8 million labels.
  public static var columnLimit: Int {
    let variable = ProcessInfo.processInfo.environment["DECANT_COLUMN_LIMIT"]
    return variable.flatMap { Int($0) } ?? 1 << 22
  }

  /// Reads the file at `path`.
  ///
  /// - Parameter columnLimit: the most features and the most labels, unless the file has as many
  ///   bytes.
  /// - Throws: `FileError` when it cannot be read; `InputError` with line and column of the first
  ///   violation of the format or the header, a repeated label or feature included.
  public init(reading path: String, columnLimit: Int = Self.columnLimit) throws {
    let reader = LineReader(file: try PackedFile.open(path), policy: .refuse, name: path)
    let limit = max(columnLimit, reader.file.count)
    var skipped = SkippedLines()
    var rows: SVMLightRows?
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      var cursor = SVMLightCursor(bytes, in: range)
      if rows == nil {
        rows = try SVMLightRows(header: &cursor, columnLimit: limit)
      } else {
        try rows?.append(&cursor)
      }
    }
    guard let rows else {
      throw InputError(file: path, line: 1, reason: "the file is empty", expected: "N D L")
    }
    guard rows.count == rows.expectedCount else {
      throw InputError(
        file: path, line: rows.count + 1, reason: "the file ends after \(rows.count) rows",
        expected: "\(rows.expectedCount) rows, as the first line says")
    }
    self.init(features: rows.features, labels: rows.labels)
  }

  /// Writes the file `path` atomically.
  ///
  /// - Precondition: the values are finite.
  /// - Throws: `FileError` when it cannot be written.
  public func write(to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write("\(features.rowCount) \(features.columnCount) \(labels.columnCount)\n")
    for row in 0..<features.rowCount {
      var line = labels.columns(ofRow: row).map { "\($0)" }.joined(separator: ",")
      let entries = features.entries(ofRow: row)
      if entries.isEmpty { line += " " }
      for entry in entries {
        let value = features.values?[entry] ?? 1
        precondition(value.isFinite, "the value \(value) in row \(row) cannot be written")
        line += " \(features.columns[entry]):\(value)"
      }
      try file.write(line + "\n")
    }
    try file.commit()
  }
}

/// Rows, appended line by line.
private struct SVMLightRows {
  let expectedCount: Int
  private let featureCount: Int
  private let labelCount: Int
  private var labelOffsets: [Int64] = [0]
  private var labelColumns: [Int32] = []
  private var featureOffsets: [Int64] = [0]
  private var featureColumns: [Int32] = []
  private var values: [Float] = []

  var count: Int { labelOffsets.count - 1 }
  var labels: CSRMatrix {
    CSRMatrix(
      rowOffsets: MappedArray(labelOffsets), columns: MappedArray(labelColumns),
      columnCount: labelCount)
  }
  var features: CSRMatrix {
    CSRMatrix(
      rowOffsets: MappedArray(featureOffsets), columns: MappedArray(featureColumns),
      values: MappedArray(values), columnCount: featureCount)
  }

  init(header cursor: inout SVMLightCursor, columnLimit: Int) throws(LineFault) {
    let limit = Int(Int32.max)
    func columns(_ what: String) throws(LineFault) -> Int {
      let start = cursor.position
      let count = try cursor.integer(upTo: limit, what)
      guard count <= columnLimit else {
        throw LineFault(
          position: start, reason: "\(what) is \(count), far more than the file can contain",
          expected:
            "at most \(columnLimit); raise the limit with the environment variable DECANT_COLUMN_LIMIT"
        )
      }
      return count
    }
    expectedCount = try cursor.integer(upTo: limit, "the number of rows")
    try cursor.skip(" ", "a space and the number of features")
    featureCount = try columns("the number of features")
    try cursor.skip(" ", "a space and the number of labels")
    labelCount = try columns("the number of labels")
    try cursor.finish("the end of the line: the first line is N D L")
  }

  mutating func append(_ cursor: inout SVMLightCursor) throws(LineFault) {
    guard count < expectedCount else {
      throw LineFault(
        reason: "one row more than stated in the first line", expected: "\(expectedCount) rows")
    }
    let firstLabel = labelColumns.count
    if !cursor.isAtSpaceOrEnd {
      repeat {
        let start = cursor.position
        labelColumns.append(Int32(try cursor.integer(upTo: labelCount - 1, "a label")))
        if cursor.isNext(":") {
          throw LineFault(
            position: start, reason: "a feature in place of the labels",
            expected: "a space at the start of a line without labels")
        }
      } while cursor.take(",")
    }
    try refuseRepeated(labelColumns[firstLabel...], "label")
    let firstFeature = featureColumns.count
    while try cursor.skipSpaces() {
      featureColumns.append(Int32(try cursor.integer(upTo: featureCount - 1, "a feature")))
      try cursor.skip(":", "a colon and the feature's value")
      values.append(try cursor.value())
    }
    try refuseRepeated(featureColumns[firstFeature...], "feature")
    labelOffsets.append(Int64(labelColumns.count))
    featureOffsets.append(Int64(featureColumns.count))
  }

  private func refuseRepeated(
    _ columns: ArraySlice<Int32>, _ what: String
  ) throws(LineFault) {
    // Most files are sorted; then comparing neighbours suffices.
    if zip(columns, columns.dropFirst()).allSatisfy(<) { return }
    var seen: Set<Int32> = []
    for column in columns where !seen.insert(column).inserted {
      throw LineFault(
        reason: "the \(what) \(column) appears a second time", expected: "each \(what) once per row"
      )
    }
  }
}
