public import Storage

/// The file format of a `CSRMatrix`: written once, memory-mapped on reading.
///
/// Layout, little-endian, each array starts at a multiple of 8 bytes:
///
///     byte  0  magic "DecntCSR"
///     byte  8  UInt32 version (1), UInt32 flags (bit 0: the matrix has values)
///     byte 16  UInt64 rows, UInt64 columns, UInt64 entries
///     byte 40  UInt64 XXH64 of everything from byte 64 on
///     byte 48  UInt64 XXH64 of bytes 0 ..< 48
///     byte 56  UInt64 zero
///     byte 64  Int64 row offsets [rows + 1], Int32 columns [entries], Float32 values [entries]
public enum CSRFile {
  private static let magic = Array("DecntCSR".utf8)
  private static let version: UInt32 = 1
  private static let hasValues: UInt32 = 1
  private static let headerSize = 64

  /// Writes `matrix` to `path` atomically.
  ///
  /// - Throws: `FileError` when the file cannot be written.
  public static func write(_ matrix: CSRMatrix, to path: String) throws {
    // The checksum precedes the arrays that it covers, which may be larger than memory.
    var sum = XXHash64()
    try forEachArray(of: matrix) { sum.update($0) }
    var header = [UInt8](repeating: 0, count: headerSize)
    header.withUnsafeMutableBytes { bytes in
      bytes.copyBytes(from: magic)
      bytes.storeBytes(of: version, toByteOffset: 8, as: UInt32.self)
      bytes.storeBytes(
        of: matrix.values == nil ? 0 : hasValues, toByteOffset: 12, as: UInt32.self)
      bytes.storeBytes(of: UInt64(matrix.rowCount), toByteOffset: 16, as: UInt64.self)
      bytes.storeBytes(of: UInt64(matrix.columnCount), toByteOffset: 24, as: UInt64.self)
      bytes.storeBytes(of: UInt64(matrix.entryCount), toByteOffset: 32, as: UInt64.self)
      bytes.storeBytes(of: sum.value, toByteOffset: 40, as: UInt64.self)
      bytes.storeBytes(
        of: XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<48])),
        toByteOffset: 48, as: UInt64.self)
    }
    let file = try AtomicFile(path: path)
    try header.withUnsafeBytes(file.write)
    try forEachArray(of: matrix, file.write)
    try file.commit()
  }

  /// Calls `body` with the bytes of each array, and with those between two.
  private static func forEachArray(
    of matrix: CSRMatrix, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let padding = [UInt8](repeating: 0, count: matrix.entryCount % 2 * 4)
    try matrix.withUnsafeEntries { offsets, columns, values in
      try body(UnsafeRawBufferPointer(offsets))
      try body(UnsafeRawBufferPointer(columns))
      try padding.withUnsafeBytes(body)
      guard let values else { return }
      try body(UnsafeRawBufferPointer(values))
      try padding.withUnsafeBytes(body)
    }
  }

  /// Maps the matrix in `path`; its arrays stay in the file and are paged in when read.
  ///
  /// Every byte is read once, to verify the checksum and the structure.
  ///
  /// - Throws: `FileError` when the file cannot be opened; `InputError` when it is not a matrix
  ///   file, was damaged or truncated, or its offsets and columns are inconsistent.
  public static func read(_ path: String) throws -> CSRMatrix {
    let file = try MappedFile(path: path)
    return try file.withBytes { try read(file, $0) }
  }

  private static func read(_ file: MappedFile, _ bytes: UnsafeRawBufferPointer) throws -> CSRMatrix
  {
    let path = file.path
    guard bytes.count >= headerSize, bytes.prefix(magic.count).elementsEqual(magic) else {
      throw InputError(
        file: path, reason: "this is not a matrix file",
        expected: "\(headerSize) bytes or more, beginning with DecntCSR")
    }
    func word(_ offset: Int) -> UInt64 { bytes.load(fromByteOffset: offset, as: UInt64.self) }
    let found = bytes.load(fromByteOffset: 8, as: UInt32.self)
    guard found == version else {
      throw InputError(
        file: path, reason: "the matrix file has version \(found)", expected: "version \(version)")
    }
    guard word(48) == XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[..<48])) else {
      throw InputError(file: path, reason: "the header's checksum is wrong: the file is damaged")
    }
    let flags = bytes.load(fromByteOffset: 12, as: UInt32.self)
    guard flags & ~hasValues == 0, word(56) == 0, let rows = Int(exactly: word(16)),
      let columnCount = Int(exactly: word(24)), let entries = Int(exactly: word(32)),
      columnCount <= Int(Int32.max) + 1
    else {
      throw InputError(
        file: path,
        reason: "\(word(16)) rows, \(word(24)) columns, \(word(32)) entries, flags \(flags)",
        expected: "valid counts, flags 0 or 1")
    }
    let layout = try Layout(
      rows: rows, entries: entries, hasValues: flags & hasValues != 0, file: path)
    guard layout.size == bytes.count else {
      throw InputError(
        file: path, reason: "\(rows) rows and \(entries) entries need \(layout.size) bytes",
        expected: "a file of that size; it has \(bytes.count) bytes")
    }
    guard word(40) == XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[headerSize...])) else {
      throw InputError(file: path, reason: "the checksum is wrong: the file is damaged")
    }
    return try CSRMatrix(
      rowOffsets: MappedArray(file, byteOffset: headerSize, count: rows + 1),
      columns: MappedArray(file, byteOffset: layout.columns, count: entries),
      values: flags & hasValues == 0
        ? nil : MappedArray(file, byteOffset: layout.values, count: entries),
      columnCount: columnCount
    ).validated(file: path)
  }

  /// The start of each array, computed with overflow checks, since the counts may be hostile.
  private struct Layout {
    var columns: Int
    var values: Int
    var size: Int

    init(rows: Int, entries: Int, hasValues: Bool, file: String) throws {
      // No disk holds 2^48 entries; below that, no product of this layout overflows.
      guard (0..<1 << 48).contains(rows), (0..<1 << 48).contains(entries) else {
        throw InputError(
          file: file, reason: "\(rows) rows and \(entries) entries", expected: "fewer than 2^48")
      }
      let padded = (entries * 4 + 7) & ~7
      columns = CSRFile.headerSize + (rows + 1) * 8
      values = columns + padded
      size = values + (hasValues ? padded : 0)
    }
  }
}
