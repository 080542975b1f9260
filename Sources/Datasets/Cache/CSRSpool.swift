import Storage

/// A `CSRMatrix` in the making, row by row.
///
/// What does not fit into a buffer goes to unnamed temporary files (in `TMPDIR`, or else `/tmp`), so that
/// a matrix of any size takes little memory: pages of the files return to the system when it needs them.
struct CSRSpool {
  private var offsets: Spool<Int64>
  private var columns: Spool<Int32>
  private var values: Spool<Float>
  /// The number of rows so far.
  private(set) var rowCount = 0
  /// The number of entries so far.
  private(set) var entryCount = 0

  /// Begins a matrix without rows.
  ///
  /// - Parameter limit: the number of entries of an array to keep in memory.
  init(inMemory limit: Int = 1 << 20) {
    (offsets, columns, values) = (Spool(limit), Spool(limit), Spool(limit))
    offsets.append(CollectionOfOne(0))
  }

  /// Appends a row with a value for each column.
  mutating func append(columns: some Collection<Int32>, values: some Collection<Float>) {
    self.columns.append(columns)
    self.values.append(values)
    rowCount += 1
    entryCount += columns.count
    offsets.append(CollectionOfOne(Int64(entryCount)))
  }

  /// Appends the rows of a part: the number of entries of each, and all entries.
  mutating func append(lengths: [Int], columns: [Int32], values: [Float]) {
    self.columns.append(columns)
    self.values.append(values)
    for length in lengths {
      entryCount += length
      offsets.append(CollectionOfOne(Int64(entryCount)))
    }
    rowCount += lengths.count
  }

  /// The matrix of all rows.
  ///
  /// - Throws: `FileError` if a temporary file could not be written.
  func matrix(columnCount: Int) throws -> CSRMatrix {
    CSRMatrix(
      rowOffsets: try offsets.array(), columns: try columns.array(), values: try values.array(),
      columnCount: columnCount)
  }
}

/// An array that grows in memory up to a limit, and then in a file.
private struct Spool<Element: BitwiseCopyable & Sendable> {
  private var buffer: [Element] = []
  private var file: TemporaryFile?
  private var spilled = 0
  private let limit: Int
  /// The first fault of the file; the caller of `append` is in the middle of other data.
  private var fault: (any Error)?

  init(_ limit: Int) { self.limit = limit }

  mutating func append(_ elements: some Collection<Element>) {
    buffer.append(contentsOf: elements)
    if buffer.count >= limit { spill() }
  }

  private mutating func spill() {
    do {
      let target = try file ?? TemporaryFile()
      file = target
      try buffer.withUnsafeBytes(target.write)
    } catch {
      fault = fault ?? error
    }
    spilled += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  func array() throws -> MappedArray<Element> {
    var whole = self
    if file != nil, !buffer.isEmpty { whole.spill() }
    if let fault = whole.fault { throw fault }
    guard let file else { return MappedArray(buffer) }
    return try MappedArray(
      file.mapped(as: "a temporary file"), byteOffset: 0, count: whole.spilled)
  }
}
