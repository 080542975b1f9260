/// A sparse matrix in compressed-row form: the columns that each row holds, and their values.
///
/// The positives of a multi-label batch, the labels of a data set and the features of a bag of
/// words all have this form. Rows keep the order in which their columns were given. Columns need
/// not be sorted or distinct; functions that require it say so.
///
/// Memory: 8 bytes per row, 4 per stored column, and 4 per value if there are values.
public struct CSRMatrix: Sendable, Equatable {
  /// `[rows + 1]`; row i owns the entries `rowOffsets[i] ..< rowOffsets[i + 1]`.
  public let rowOffsets: MappedArray<Int64>
  /// `[entries]`; the column of each entry, in `0 ..< columnCount`.
  public let columns: MappedArray<Int32>
  /// `[entries]`, or nil when every entry is 1.
  public let values: MappedArray<Float>?
  /// The number of columns.
  public let columnCount: Int

  /// The number of rows.
  public var rowCount: Int { rowOffsets.count - 1 }
  /// The number of stored entries.
  public var entryCount: Int { columns.count }

  /// Creates a matrix from its three arrays, unchecked.
  ///
  /// - Precondition: offsets start at 0, never decrease and end at the number of columns; columns
  ///   are in `0 ..< columnCount`; there is one value per column. For external data, `validated()`
  ///   checks this and throws.
  public init(
    rowOffsets: MappedArray<Int64>, columns: MappedArray<Int32>, values: MappedArray<Float>? = nil,
    columnCount: Int
  ) {
    self.rowOffsets = rowOffsets
    self.columns = columns
    self.values = values
    self.columnCount = columnCount
  }

  /// Creates a matrix from one list of columns per row; every value is 1.
  public init(rows: some Collection<[Int]>, columnCount: Int) {
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    offsets.reserveCapacity(rows.count + 1)
    for row in rows {
      for column in row {
        precondition(
          column >= 0 && column < columnCount, "column \(column) is outside 0..<\(columnCount)")
        columns.append(Int32(column))
      }
      offsets.append(Int64(columns.count))
    }
    self.init(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), columnCount: columnCount)
  }

  /// This matrix, which was read from `file`, after checking every offset and column.
  ///
  /// - Throws: `InputError` that describes the first invalid row.
  public func validated(file: String) throws -> CSRMatrix {
    try attributingErrors(to: file) { try validated() }
  }

  /// This matrix, after checking every offset and column.
  ///
  /// - Parameter subject: the name of the matrix in the error.
  /// - Throws: `ValueError` that describes the first invalid row.
  public func validated(as subject: String = "matrix") throws -> CSRMatrix {
    guard rowOffsets.count > 0, rowOffsets[0] == 0, rowOffsets[rowCount] == Int64(columns.count)
    else {
      throw ValueError(
        subject, reason: "the row offsets do not cover the \(columns.count) entries")
    }
    if let values, values.count != columns.count {
      throw ValueError(
        subject, reason: "\(values.count) values for \(columns.count) columns",
        expected: "one value per column")
    }
    for row in 0..<rowCount where rowOffsets[row] > rowOffsets[row + 1] {
      throw ValueError(subject, reason: "the offsets decrease after row \(row)")
    }
    for (position, column) in columns.enumerated()
    where column < 0 || Int(column) >= columnCount {
      throw ValueError(
        subject, reason: "entry \(position) has column \(column)",
        expected: "0 ..< \(columnCount)")
    }
    return self
  }

  /// The entries of row `row`, as positions in `columns` and `values`.
  public func entries(ofRow row: Int) -> Range<Int> {
    Int(rowOffsets[row])..<Int(rowOffsets[row + 1])
  }

  /// The columns of row `row`.
  public func columns(ofRow row: Int) -> MappedArray<Int32> { columns.rows(entries(ofRow: row)) }

  /// The rows `indices`, in that order, as a new matrix.
  public func selecting(rows indices: some Collection<Int>) -> CSRMatrix {
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(indices.count + 1)
    var newColumns: [Int32] = []
    var newValues: [Float] = []
    withUnsafeEntries { bounds, columns, values in
      let total = indices.reduce(0) { $0 + Int(bounds[$1 + 1] - bounds[$1]) }
      newColumns.reserveCapacity(total)
      newValues.reserveCapacity(values == nil ? 0 : total)
      for row in indices {
        let range = Int(bounds[row])..<Int(bounds[row + 1])
        newColumns.append(contentsOf: UnsafeBufferPointer(rebasing: columns[range]))
        if let values {
          newValues.append(contentsOf: UnsafeBufferPointer(rebasing: values[range]))
        }
        offsets.append(Int64(newColumns.count))
      }
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
      values: values == nil ? nil : MappedArray(newValues), columnCount: columnCount)
  }

  /// The same rows with the columns `kept` alone, numbered in that order.
  ///
  /// - Parameter keepsLengths: whether the values of a row are scaled so that the root of the sum of
  ///   their squares stays.
  /// - Precondition: `kept` ascends.
  /// - Complexity: O(columns + entries) time and memory.
  package func selecting(columns kept: [Int], keepingLengths keepsLengths: Bool = false)
    -> CSRMatrix
  {
    var places = [Int32](repeating: -1, count: columnCount)
    for (place, column) in kept.enumerated() { places[column] = Int32(place) }
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(rowCount + 1)
    var newColumns: [Int32] = []
    var newValues: [Float] = []
    withUnsafeEntries { bounds, columns, values in
      for row in 0..<rowCount {
        let start = newColumns.count
        var (before, after) = (0.0, 0.0)
        for entry in Int(bounds[row])..<Int(bounds[row + 1]) {
          let square = values.map { Double($0[entry]) * Double($0[entry]) } ?? 0
          before += square
          let place = places[Int(columns[entry])]
          guard place >= 0 else { continue }
          after += square
          newColumns.append(place)
          if let values { newValues.append(values[entry]) }
        }
        if keepsLengths, after > 0, after < before {
          let factor = Float((before / after).squareRoot())
          for entry in start..<newValues.count { newValues[entry] *= factor }
        }
        offsets.append(Int64(newColumns.count))
      }
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
      values: values == nil ? nil : MappedArray(newValues), columnCount: kept.count)
  }

  /// The transpose; entries of a new row keep the order of the old rows.
  ///
  /// - Complexity: O(rows + columns + entries) time and memory.
  public func transposed() -> CSRMatrix {
    var offsets = [Int64](repeating: 0, count: columnCount + 1)
    for column in columns { offsets[Int(column) + 1] += 1 }
    for column in 0..<columnCount { offsets[column + 1] += offsets[column] }
    var next = offsets
    var newColumns = [Int32](repeating: 0, count: entryCount)
    var newValues: [Float]? = values == nil ? nil : [Float](repeating: 0, count: entryCount)
    for row in 0..<rowCount {
      for entry in entries(ofRow: row) {
        let column = Int(columns[entry])
        let place = Int(next[column])
        next[column] += 1
        newColumns[place] = Int32(row)
        if let values { newValues?[place] = values[entry] }
      }
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
      values: newValues.map { MappedArray($0) }, columnCount: rowCount)
  }

  /// The same entries, divided by the sum of their row; a row whose sum is 0 stays.
  public func rowNormalized() -> CSRMatrix {
    var shares = values.map(Array.init) ?? [Float](repeating: 1, count: entryCount)
    for row in 0..<rowCount {
      let entries = entries(ofRow: row)
      let sum = entries.reduce(0.0) { $0 + Double(shares[$1]) }
      guard sum != 0 else { continue }
      for entry in entries { shares[entry] = Float(Double(shares[entry]) / sum) }
    }
    return CSRMatrix(
      rowOffsets: rowOffsets, columns: columns, values: MappedArray(shares),
      columnCount: columnCount)
  }

  /// The number of entries of each column.
  public func columnCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: columnCount)
    for column in columns { counts[Int(column)] += 1 }
    return counts
  }
}
