public import Storage

/// The places of a sparse matrix's entries, by rows and by columns.
///
/// Sums over the entries of a row, and their gradients, run over compressed rows: each result is
/// written once, by one thread and in the order of the entries, so it does not depend on the number of
/// threads. Nothing of the size entries × width is made. With H heads a dense row has the heads one
/// after the other, and an entry has a number for each.
///
///     yᵢ = Σₑ wₑ · x[columnₑ]  over the entries e of row i     sums
///     pₑ = ⟨aᵢ, b[columnₑ]⟩                                     products
///
/// Float32 and float64 on the CPU use kernels of the interface library; all else takes a composition
/// of libtorch's operators, which does make such a matrix. All functions can be differentiated again.
///
/// Memory: 16 bytes an entry, 8 a row and 8 a column.
public struct SparsePlaces: Sendable {
  /// The number of rows U.
  public let rowCount: Int
  /// The number of columns V.
  public let columnCount: Int
  /// The row of each entry, `[E]` int32.
  public let rows: Tensor
  /// The column of each entry, `[E]` int32.
  public let columns: Tensor
  let byRow: CompressedPlaces
  let byColumn: CompressedPlaces

  /// The number of entries E.
  public var entryCount: Int { columns.elementCount }

  /// The places of a matrix's entries; its values are left out.
  ///
  /// - Precondition: fewer than 2³¹ entries.
  public init(_ matrix: CSRMatrix) {
    precondition(matrix.entryCount <= Int(Int32.max), "\(matrix.entryCount) entries")
    rowCount = matrix.rowCount
    columnCount = matrix.columnCount
    let (owners, byColumn) = CompressedPlaces.transposed(matrix)
    rows = owners
    // Copied: a tensor must not outlive a mapped file.
    columns = Tensor(Array(matrix.columns))
    byRow = CompressedPlaces(
      offsets: Tensor(Array(matrix.rowOffsets)), columns: columns, order: nil)
    self.byColumn = byColumn
  }

  private init(
    _ rowCount: Int, _ columnCount: Int, _ rows: Tensor, _ columns: Tensor,
    _ byRow: CompressedPlaces, _ byColumn: CompressedPlaces
  ) {
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.rows = rows
    self.columns = columns
    self.byRow = byRow
    self.byColumn = byColumn
  }

  /// The same entries with rows and columns exchanged; their order stays.
  public var transposed: SparsePlaces {
    SparsePlaces(columnCount, rowCount, columns, rows, byColumn, byRow)
  }

  /// The same places for tensors on another device.
  public func moved(to device: Device) -> SparsePlaces {
    SparsePlaces(
      rowCount, columnCount, rows.moved(to: device), columns.moved(to: device), byRow, byColumn)
  }
}

/// The entries of each row, one row after the other, on the CPU.
struct CompressedPlaces: Sendable {
  /// `[rows + 1]` int64.
  let offsets: Tensor
  /// `[E]` int32.
  let columns: Tensor
  /// The position of each entry among the values, `[E]` int32; nil if it is its own.
  let order: Tensor?

  /// The row of each entry, and the entries by column.
  static func transposed(_ matrix: CSRMatrix) -> (owners: Tensor, places: CompressedPlaces) {
    let count = matrix.entryCount
    var next = [Int64](repeating: 0, count: matrix.columnCount + 1)
    for column in matrix.columns { next[Int(column) + 1] += 1 }
    for column in 0..<matrix.columnCount { next[column + 1] += next[column] }
    let offsets = Tensor(next)
    var owners = [Int32](repeating: 0, count: count)
    var sources = owners
    var order = owners
    for row in 0..<matrix.rowCount {
      for entry in matrix.entries(ofRow: row) {
        let column = Int(matrix.columns[entry])
        let place = Int(next[column])
        next[column] += 1
        owners[entry] = Int32(row)
        sources[place] = Int32(row)
        order[place] = Int32(entry)
      }
    }
    return (
      Tensor(owners),
      CompressedPlaces(offsets: offsets, columns: Tensor(sources), order: Tensor(order))
    )
  }
}
