import Storage

/// Writes tensors in the safetensors format, which Python, Rust and others read.
public enum Safetensors {
  /// Writes `tensors` to `path` atomically.
  ///
  /// The same tensors always give the same bytes: larger element types come first (so that all data
  /// are aligned), names of one type are sorted, and the header is padded to a multiple of 8 bytes.
  ///
  /// - Parameter metadata: entries for the header's metadata.
  /// - Throws: `FileError` when the file cannot be written, `InputError` when a tensor is called
  ///   `__metadata__`, which the format reserves.
  public static func write(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
  ) throws {
    guard tensors["__metadata__"] == nil else {
      throw InputError(
        file: path, reason: "a tensor is called __metadata__", expected: "another name")
    }
    let ordered = tensors.sorted {
      ($1.value.dtype.byteCount, $0.key) < ($0.value.dtype.byteCount, $1.key)
    }
    var header = JSONTextWriter()
    header.append("{")
    if !metadata.isEmpty {
      header.append("\"__metadata__\":{")
      for (index, (key, value)) in metadata.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { header.append(",") }
        header.appendString(key)
        header.append(":")
        header.appendString(value)
      }
      header.append(ordered.isEmpty ? "}" : "},")
    }
    var offset = 0
    for (index, (name, tensor)) in ordered.enumerated() {
      let end = offset + tensor.elementCount * tensor.dtype.byteCount
      if index > 0 { header.append(",") }
      header.appendString(name)
      header.append(":{\"dtype\":")
      header.appendString(tensor.dtype.safetensorsName)
      header.append(",\"shape\":")
      header.appendIntegers(tensor.shape)
      header.append(",\"data_offsets\":")
      header.appendIntegers([offset, end])
      header.append("}")
      offset = end
    }
    header.append("}")
    while header.count % 8 != 0 { header.append(" ") }

    let file = try AtomicFile(path: path)
    try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
    try header.flush(to: file, all: true)
    for (_, tensor) in ordered {
      try tensor.withUnsafeBytes { try file.write($0) }
    }
    try file.commit()
  }
}
