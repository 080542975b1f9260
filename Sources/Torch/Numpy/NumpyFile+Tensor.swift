public import Storage

extension NumpyFile {
  /// Writes `tensor` to `path` in one atomic step, rows one after the other.
  ///
  /// - Throws: `InputError` for elements other than float16, float32, float64, int64, int8 and uint8;
  ///   `FileError` when the file cannot be written.
  public static func write(_ tensor: Tensor, to path: String) throws {
    guard let type = tensor.dtype.numpyType else {
      throw InputError(
        file: path, reason: "a tensor of \(tensor.dtype)",
        expected: "float16, float32, float64, int64, int8 or uint8")
    }
    let file = try AtomicFile(path: path)
    try header(type, shape: tensor.shape).withUnsafeBytes { try file.write($0) }
    try tensor.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }

  /// Opens a file by memory-map: the tensor is a view of it and must not be written to.
  ///
  /// - Throws: `FileError` if it cannot be read; `InputError` if it is not such a file, is cut off,
  ///   lies in Fortran's order, or has elements other than those of `write(_:to:)`, little-endian.
  public static func read(_ path: String) throws -> Tensor {
    let file = try MappedFile(path: path)
    let header = try file.withBytes { try NumpyHeader($0, file: path) }
    let base = file.base + header.dataStart
    let dtype = DType(header.type)
    guard (Int(bitPattern: base)).isMultiple(of: dtype.byteCount) else {
      return try withExtendedLifetime(file) {
        try Tensor(copying: base, shape: header.shape, dtype: dtype)
      }
    }
    return try Tensor(borrowing: base, shape: header.shape, dtype: dtype, owner: file)
  }
}

extension DType {
  fileprivate init(_ type: NumpyType) {
    switch type {
    case .float16: self = .float16
    case .float32: self = .float32
    case .float64: self = .float64
    case .int64: self = .int64
    case .int8: self = .int8
    case .uint8: self = .uint8
    }
  }

  /// NumPy's name for this type; nil for those that are not written.
  fileprivate var numpyType: NumpyType? { NumpyType.allCases.first { DType($0) == self } }
}
