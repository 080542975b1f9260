import Foundation

/// A checked JSON string literal: the range of its content, not yet decoded.
package struct JSONString: Hashable {
  /// The bytes between the quotation marks, as offsets in the file.
  package var content: Range<Int>
  /// Whether the content contains escapes, so that its bytes are not the text itself.
  package var hasEscapes: Bool
  /// Whether the text is written in Normalization Form C.
  ///
  /// Decoded text always is.
  package var isNormalized: Bool

  package init(content: Range<Int>, hasEscapes: Bool, isNormalized: Bool) {
    self.content = content
    self.hasEscapes = hasEscapes
    self.isNormalized = isNormalized
  }

  /// Whether the literal in `bytes` stands for `name`.
  package func matches(_ name: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
    let expected = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    if hasEscapes || !isNormalized { return decoded(from: bytes).utf8.elementsEqual(expected) }
    return content.count == expected.count
      && UnsafeRawBufferPointer(rebasing: bytes[content]).elementsEqual(expected)
  }

  /// The text of the literal in `bytes`, in Normalization Form C.
  package func decoded(from bytes: UnsafeRawBufferPointer) -> String {
    let text = written(in: bytes)
    return isNormalized ? text : text.normalizedToNFC
  }

  /// The text of the literal in `bytes`, not normalized.
  package func written(in bytes: UnsafeRawBufferPointer) -> String {
    guard hasEscapes else { return String(decoding: bytes[content], as: UTF8.self) }
    // The text is never longer than the literal; see `decode`.
    return String(
      unsafeUninitializedCapacity: content.count,
      initializingUTF8With: { target in
        decode(from: bytes, into: target)
      })
  }

  /// Calls `body` with the UTF-8 bytes of the text that the literal in `bytes` stands for, in
  /// Normalization Form C.
  package func withUTF8<R>(
    in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    guard isNormalized else {
      var text = decoded(from: bytes)
      return try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
    guard hasEscapes else { return try body(UnsafeRawBufferPointer(rebasing: bytes[content])) }
    return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: content.count) { target in
      let count = decode(from: bytes, into: target)
      return try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: target[..<count])))
    }
  }

  /// Finds out whether a text with scalars that may change is in Normalization Form C nevertheless.
  mutating func lookForNormalForm(in bytes: UnsafeRawBufferPointer) {
    isNormalized = NormalForm.isNormalized(written(in: bytes))
  }

  /// The first escaped scalar for which `isWanted` is true, and the position of its escape.
  package func firstEscape(
    in bytes: UnsafeRawBufferPointer, where isWanted: (Unicode.Scalar) -> Bool
  ) -> (position: Int, scalar: Unicode.Scalar)? {
    guard hasEscapes else { return nil }
    var position = content.lowerBound
    while let start = nextEscape(in: bytes, from: position) {
      position = start
      let scalar = unescaped(in: bytes, at: &position)
      if isWanted(scalar) { return (start, scalar) }
    }
    return nil
  }

  /// Writes the text into `target` and returns its length.
  ///
  /// `JSONCursor` has checked the literal. If its file has changed since, the result is another text,
  /// but never longer than the literal.
  private func decode(
    from bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var count = 0
    var position = content.lowerBound
    while position < content.upperBound {
      let plainEnd = nextEscape(in: bytes, from: position) ?? content.upperBound
      let plain = UnsafeRawBufferPointer(rebasing: bytes[position..<plainEnd])
      guard plain.count <= target.count - count else { break }
      UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[count...])
        .copyMemory(from: plain)
      count += plain.count
      position = plainEnd
      guard position < content.upperBound else { break }
      let scalar = unescaped(in: bytes, at: &position)
      for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      where count < target.count {
        target[count] = unit
        count += 1
      }
    }
    return count
  }

  /// The position of the first backslash from `position` on; nil if there is none.
  private func nextEscape(in bytes: UnsafeRawBufferPointer, from position: Int) -> Int? {
    guard position < content.upperBound, let base = bytes.baseAddress,
      let found = memchr(base + position, 0x5C, content.upperBound - position)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// The scalar that the escape at `position` stands for; moves past it.
  private func unescaped(
    in bytes: UnsafeRawBufferPointer, at position: inout Int
  ) -> Unicode.Scalar {
    let end = content.upperBound
    guard position + 1 < end else {
      position = end
      return "\u{FFFD}"
    }
    let letter = bytes[position + 1]
    position += 2
    guard letter == UInt8(ascii: "u") else {
      return Unicode.Scalar(Self.meaning(of: letter) ?? letter)
    }
    func unit() -> UInt32 {
      let unit = Self.codeUnit(in: bytes, at: position, end: end)
      position = min(position + 4, end)
      return unit ?? 0xFFFD
    }
    let first = unit()
    guard 0xD800..<0xDC00 ~= first else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
    position = min(position + 2, end)
    let second = unit()
    guard 0xDC00..<0xE000 ~= second else { return "\u{FFFD}" }
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
  }

  /// The byte of the one-letter escape `letter`; nil if there is no such escape.
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

  /// The four hexadecimal digits at `position` as a number; nil for other characters.
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
}
