/// A checked JSON string literal: where its content lies, not yet decoded.
package struct JSONString: Hashable {
  /// The bytes between the quotation marks, as offsets in the file.
  package var content: Range<Int>
  /// Whether the content holds escapes, so that its bytes are not the text itself.
  package var hasEscapes: Bool

  package init(content: Range<Int>, hasEscapes: Bool) {
    self.content = content
    self.hasEscapes = hasEscapes
  }

  /// Whether the literal in `bytes` stands for `name`.
  package func matches(_ name: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
    let expected = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    if hasEscapes { return decoded(from: bytes).utf8.elementsEqual(expected) }
    return content.count == expected.count
      && UnsafeRawBufferPointer(rebasing: bytes[content]).elementsEqual(expected)
  }

  /// The text that the literal in `bytes` stands for.
  package func decoded(from bytes: UnsafeRawBufferPointer) -> String {
    guard hasEscapes else { return String(decoding: bytes[content], as: UTF8.self) }
    // The text is never longer than the literal; see `decode`.
    return String(
      unsafeUninitializedCapacity: content.count,
      initializingUTF8With: { target in
        decode(from: bytes, into: target)
      })
  }

  /// Calls `body` with the UTF-8 form of the text that the literal in `bytes` stands for.
  package func withUTF8<R>(
    in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    guard hasEscapes else { return try body(UnsafeRawBufferPointer(rebasing: bytes[content])) }
    return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: content.count) { target in
      let count = decode(from: bytes, into: target)
      return try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: target[..<count])))
    }
  }

  /// Writes the text into `target` and returns its length; the literal was checked by `JSONCursor`.
  ///
  /// Where the bytes have changed since, the text is another one, but nothing outside the literal is
  /// read and nothing behind `target` is written.
  private func decode(
    from bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var count = 0
    var position = content.lowerBound
    while position < content.upperBound {
      let plainEnd =
        bytes[position..<content.upperBound].firstIndex(of: UInt8(ascii: "\\"))
        ?? content.upperBound
      let plain = UnsafeRawBufferPointer(rebasing: bytes[position..<plainEnd])
      guard plain.count <= target.count - count else { break }
      UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[count...])
        .copyMemory(from: plain)
      count += plain.count
      position = plainEnd
      guard position + 1 < content.upperBound else { break }
      let escape = bytes[position + 1]
      position += 2
      if escape == UInt8(ascii: "u") {
        let scalar = Self.scalar(in: bytes, at: &position)
        let units = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        guard units.count <= target.count - count else { break }
        for unit in units {
          target[count] = unit
          count += 1
        }
      } else {
        guard count < target.count else { break }
        target[count] = Self.meaning(of: escape) ?? escape
        count += 1
      }
    }
    return count
  }

  /// The byte that the one-letter escape `letter` stands for, or nil if there is no such escape.
  package static func meaning(of letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// The four hexadecimal digits at `position` as a number, or nil if they are none.
  package static func codeUnit(
    in bytes: UnsafeRawBufferPointer, at position: Int, end: Int
  ) -> UInt32? {
    guard position + 4 <= end else { return nil }
    var unit: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        return nil
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  private static func scalar(
    in bytes: UnsafeRawBufferPointer, at position: inout Int
  ) -> Unicode.Scalar {
    let first = codeUnit(in: bytes, at: position, end: bytes.count) ?? 0xFFFD
    position += 4
    guard 0xD800..<0xDC00 ~= first else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
    let second = codeUnit(in: bytes, at: position + 2, end: bytes.count) ?? 0xFFFD
    position += 6
    guard 0xDC00..<0xE000 ~= second else { return "\u{FFFD}" }
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
  }
}
