/// The form of NumPy's files of one array, `.npy`.
///
/// - Source: the format's description,
///   <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>: the bytes `93` and
///   `NUMPY`, two bytes of version, the header's length (two bytes in version 1, four afterwards),
///   the header (a Python dictionary of `descr`, `fortran_order` and `shape`, filled up with blanks
///   to a multiple of 64 bytes in all and ended by a line feed), then the elements.
public enum NumpyFile {
  /// The first bytes of every file.
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// All that stands before the elements.
  package static func header(_ type: NumpyType, shape: [Int]) -> [UInt8] {
    // A tuple of one has a comma; one of none and of several may have none at the end.
    let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(type.rawValue)', 'fortran_order': False, 'shape': (\(lengths)), }"
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
}
