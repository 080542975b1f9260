package import Storage

/// A problem in the bytes of a file whose name is not known yet.
package struct BinaryFault: Error {
  /// The offending byte, counted from 0.
  package var position: Int
  package var reason: String
  package var expected: String?

  package init(_ position: Int, _ reason: String, expected: String? = nil) {
    self.position = position
    self.reason = reason
    self.expected = expected
  }

  /// The error with the file's name.
  ///
  /// - Parameter start: the offset in the file of the bytes that `position` counts.
  package func inputError(file: String, start: Int = 0) -> InputError {
    InputError(file: file, reason: "byte \(start + position): \(reason)", expected: expected)
  }
}

/// Reads consecutive integers from bytes.
package struct ByteCursor {
  package let bytes: UnsafeRawBufferPointer
  package private(set) var position: Int
  package let end: Int

  package init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// Skips the next `count` bytes and returns their range.
  package mutating func take(_ count: Int, _ what: String) throws(BinaryFault) -> Range<Int> {
    guard count <= end - position else {
      throw BinaryFault(
        end, "the file ends \(end - position) bytes into \(what)", expected: "\(count) bytes")
    }
    position += count
    return (position - count)..<position
  }

  package mutating func byte(_ what: String) throws(BinaryFault) -> UInt8 {
    bytes[try take(1, what).lowerBound]
  }

  /// The next `count` bytes as a number, most significant byte first.
  package mutating func bigEndian(_ count: Int, _ what: String) throws(BinaryFault) -> Int {
    var value = 0
    for position in try take(count, what) { value = value << 8 | Int(bytes[position]) }
    return value
  }

  /// The next `count` bytes as a number, least significant byte first.
  package mutating func littleEndian(_ count: Int, _ what: String) throws(BinaryFault) -> Int {
    var value = 0
    for position in try take(count, what).reversed() { value = value << 8 | Int(bytes[position]) }
    return value
  }
}
