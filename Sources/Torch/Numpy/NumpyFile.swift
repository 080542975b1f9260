/// Reads and writes one tensor as NumPy does: a `.npy` file.
///
/// - Source: the format's description,
///   <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>: the bytes `93` and
///   `NUMPY`, two bytes of version, the header's length (two bytes in version 1, four afterwards),
///   the header (a Python dictionary of `descr`, `fortran_order` and `shape`, filled up with blanks
///   to a multiple of 64 bytes in all and ended by a line feed), then the elements.
public enum NumpyFile {
  /// What all files begin with.
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Writes `tensor` to `path` in one atomic step, rows one after the other.
  ///
  /// - Throws: `InputError` for elements other than float32, float64 and int64; `FileError` when the
  ///   file cannot be written.
  public static func write(_ tensor: Tensor, to path: String) throws {
    guard let description = tensor.dtype.numpyDescription else {
      throw InputError(
        file: path, reason: "a tensor of \(tensor.dtype)", expected: "float32, float64 or int64")
    }
    let file = try AtomicFile(path: path)
    try header(description, shape: tensor.shape).withUnsafeBytes { try file.write($0) }
    try tensor.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }

  /// All that stands before the elements.
  static func header(_ description: String, shape: [Int]) -> [UInt8] {
    // A tuple of one has a comma; one of none and of several may have none at the end.
    let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(lengths)), }"
    // Version 1 counts to 65535; only a shape of thousands of axes needs version 2.
    for (version, lengthSize) in [(UInt8(1), 2), (2, 4)] {
      let start = magic.count + 2 + lengthSize
      let total = (start + text.utf8.count + 1 + 63) / 64 * 64
      guard lengthSize == 4 || total - start <= Int(UInt16.max) else { continue }
      let blanks = String(repeating: " ", count: total - start - text.utf8.count - 1)
      let length = withUnsafeBytes(of: UInt32(total - start).littleEndian) { Array($0) }
      return magic + [version, 0] + length.prefix(lengthSize) + Array((text + blanks + "\n").utf8)
    }
    preconditionFailure("a shape of \(shape.count) axes")
  }

  /// Opens a file by memory-map: the tensor is a view of it and must not be written to.
  ///
  /// - Throws: `FileError` when it cannot be read; `InputError` when it is no such file, is cut off,
  ///   lies in Fortran's order, or has elements other than little-endian float32, float64 and int64.
  public static func read(_ path: String) throws -> Tensor {
    let file = try MappedFile(path: path)
    let header = try file.withBytes { try NumpyHeader($0, file: path) }
    let base = file.base + header.dataStart
    guard (Int(bitPattern: base)).isMultiple(of: header.dtype.byteCount) else {
      return try withExtendedLifetime(file) {
        try Tensor(copying: base, shape: header.shape, dtype: header.dtype)
      }
    }
    return try Tensor(borrowing: base, shape: header.shape, dtype: header.dtype, owner: file)
  }
}

extension DType {
  /// The types that are written and read, by NumPy's names for them in the bytes of this machine.
  static let ofNumpy: [(description: String, dtype: DType)] = [
    ("<f4", .float32), ("<f8", .float64), ("<i8", .int64),
  ]

  /// NumPy's name for this type; nil for those that are not written.
  fileprivate var numpyDescription: String? {
    Self.ofNumpy.first { $0.dtype == self }?.description
  }
}
