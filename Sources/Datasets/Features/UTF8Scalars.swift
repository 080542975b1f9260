/// Characters of possibly invalid UTF-8.
enum UTF8Scalars {
  /// The number of bytes of the character at `position`; 1 if they are invalid.
  static func length(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
    let length =
      switch bytes[position] {
      case 0xc2...0xdf: 2
      case 0xe0...0xef: 3
      case 0xf0...0xf4: 4
      default: 1
      }
    guard position + length <= bytes.count else { return 1 }
    for next in bytes[(position + 1)..<(position + length)] where next & 0xc0 != 0x80 { return 1 }
    return length
  }

  /// The character of `length` bytes, 2 or more, at `position`; nil if they are invalid.
  static func scalar(
    _ bytes: UnsafeRawBufferPointer, at position: Int, length: Int
  ) -> Unicode.Scalar? {
    var value = UInt32(bytes[position]) & (0xff >> UInt32(length + 1))
    for next in bytes[(position + 1)..<(position + length)] {
      value = value << 6 | UInt32(next & 0x3f)
    }
    return Unicode.Scalar(value)
  }
}

extension Unicode.Scalar.Properties {
  /// Whether the character is a letter, a digit or a mark on one.
  var isPartOfWord: Bool {
    switch generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
      true
    default: false
    }
  }

  /// Whether the character is a mark on the one before it.
  var isMark: Bool {
    switch generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }
}
