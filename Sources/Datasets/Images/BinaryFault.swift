package import Torch

/// What is wrong with the bytes of a file, before the file is known.
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

  /// The fault with its file.
  ///
  /// - Parameter start: where in the file the bytes begin that `position` counts.
  package func inputError(file: String, start: Int = 0) -> InputError {
    InputError(file: file, reason: "byte \(start + position): \(reason)", expected: expected)
  }
}

/// Reads whole numbers from bytes, one after the other.
package struct ByteCursor {
  package let bytes: UnsafeRawBufferPointer
  package private(set) var position: Int
  package let end: Int

  package init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The range of the next `count` bytes, which are passed over.
  package mutating func take(_ count: Int, _ what: String) throws(BinaryFault) -> Range<Int> {
    guard count <= end - position else {
      throw BinaryFault(
        end, "the end, \(end - position) bytes into \(what)", expected: "\(count) bytes")
    }
    position += count
    return (position - count)..<position
  }

  package mutating func byte(_ what: String) throws(BinaryFault) -> UInt8 {
    bytes[try take(1, what).lowerBound]
  }

  /// The next `count` bytes as a number, the most significant one first.
  package mutating func bigEndian(_ count: Int, _ what: String) throws(BinaryFault) -> Int {
    var value = 0
    for position in try take(count, what) { value = value << 8 | Int(bytes[position]) }
    return value
  }

  /// The next `count` bytes as a number, the least significant one first.
  package mutating func littleEndian(_ count: Int, _ what: String) throws(BinaryFault) -> Int {
    var value = 0
    for position in try take(count, what).reversed() { value = value << 8 | Int(bytes[position]) }
    return value
  }
}
