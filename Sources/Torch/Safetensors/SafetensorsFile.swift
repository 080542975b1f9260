public import Storage

/// A memory-mapped safetensors file: a tensor costs nothing until its elements are read.
///
/// The whole header is checked when the file is opened. A damaged or hostile file is rejected with
/// the position of the problem and never read outside its bounds.
public struct SafetensorsFile: Sendable {
  /// The file's path.
  public let path: String
  /// The header's metadata.
  public let metadata: [String: String]
  /// The names of the tensors, in the order of their data.
  public let names: [String]
  private let file: MappedFile
  private let entries: [String: SafetensorsHeader.Entry]

  /// Opens the file at `path`.
  ///
  /// - Throws: `FileError` when it cannot be read, `InputError` when it is not a whole safetensors
  ///   file.
  public init(path: String) throws { try self.init(file: MappedFile(path: path)) }

  /// Reads the header of an open file and keeps the file.
  ///
  /// - Throws: `InputError` when it is not a whole safetensors file.
  public init(file: MappedFile) throws {
    self.file = file
    let path = file.path
    let header = try file.withBytes { try SafetensorsHeader($0, file: path) }
    self.path = path
    metadata = header.metadata
    names = header.entries.map(\.name)
    entries = Dictionary(header.entries.map { ($0.name, $0) }) { $1 }
  }

  /// The tensor called `name`, as a view of the file; it must not be written to.
  ///
  /// - Throws: `InputError` when there is no such tensor, or when a bool tensor has bytes other
  ///   than 0 and 1; `TorchError` when libtorch rejects the shape.
  public func tensor(named name: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw InputError(
        file: path, reason: "there is no tensor \"\(name)\"",
        expected: names.isEmpty
          ? "an empty file has none" : "one of \(names.joined(separator: ", "))")
    }
    if entry.dtype == .bool { try checkTruthValues(entry) }
    let base = file.base + entry.range.lowerBound
    // Other writers may place a type at an address that the processor cannot read it from.
    guard Int(bitPattern: base) % entry.dtype.byteCount == 0 else {
      return try withExtendedLifetime(file) {
        try Tensor(copying: base, shape: entry.shape, dtype: entry.dtype)
      }
    }
    return try Tensor(borrowing: base, shape: entry.shape, dtype: entry.dtype, owner: file)
  }

  /// In Swift and libtorch a bool that is neither 0 nor 1 is undefined behaviour.
  private func checkTruthValues(_ entry: SafetensorsHeader.Entry) throws {
    try file.withBytes { bytes in
      guard let fault = bytes[entry.range].firstIndex(where: { $0 > 1 }) else { return }
      throw InputError(
        file: path,
        reason: "element \(fault - entry.range.lowerBound) of \"\(entry.name)\" is the byte "
          + "\(bytes[fault])",
        expected: "0 or 1 for a truth value")
    }
  }

  /// All tensors by name, as views of the file.
  public func tensors() throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for name in names { result[name] = try tensor(named: name) }
    return result
  }
}
