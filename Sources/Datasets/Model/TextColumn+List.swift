package import Storage

extension TextColumn {
  /// The strings of a JSON list, which stay in the file; null is a missing text.
  ///
  /// - Throws: `InputError` naming `path` if the file is not such a list.
  package init(listIn file: MappedFile, path: String) throws {
    var locations: [Location] = []
    try file.withBytes { bytes in
      do throws(LineFault) {
        var cursor = JSONCursor(bytes, in: 0..<bytes.count)
        try cursor.array { (cursor) throws(LineFault) in
          locations.append(try cursor.optionalString().map { Location($0) } ?? .missing)
        }
        try cursor.finish()
      } catch {
        throw InputError(file: path, reason: error.reason, expected: error.expected)
      }
    }
    self.init(file: file, locations: locations)
  }
}

extension JSONCursor {
  /// Reads a string, or null as nil.
  fileprivate mutating func optionalString() throws(LineFault) -> JSONString? {
    guard !isAtEnd(), bytes[position] == UInt8(ascii: "n") else {
      return try string(expected: "a text or null")
    }
    try skipValue()
    return nil
  }
}
