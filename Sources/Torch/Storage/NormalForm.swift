import Foundation

extension String {
  /// The same text in Normalization Form C, the form that Decant keeps every text and name in.
  ///
  /// Two such strings are equal exactly when their bytes are, so that Swift's collections, files and
  /// databases agree on what is the same. A combining grapheme joiner follows every 256 combining
  /// marks in a row, of which no language has more than a few.
  ///
  /// Form: <https://www.unicode.org/reports/tr15/>.
  /// - Complexity: O(bytes); little more than a look at each byte where the text is in the form.
  public var normalizedToNFC: String {
    var text = self
    if text.withUTF8({ NormalForm.isInert(UnsafeRawBufferPointer($0)) }) { return text }
    return NormalForm.composed(text)
  }
}

/// Normalization Form C: a quick look that settles most texts, and the long way for the others.
package enum NormalForm {
  /// Whether every scalar of valid `utf8` is inert, so that the text is in the form already.
  package static func isInert(_ utf8: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position < utf8.count {
      if position + 8 <= utf8.count,
        utf8.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
        continue
      }
      let (scalar, length) = scalar(in: utf8, at: position)
      guard isInert(scalar) else { return false }
      position += length
    }
    return true
  }

  /// Whether a scalar stays as it is in the form, whatever stands around it.
  ///
  /// True only for blocks whose scalars are all starters that no other scalar composes with and
  /// that have no decomposition into others (NFC_Quick_Check=Yes, Canonical_Combining_Class=0).
  package static func isInert(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0..<0x300, 0x34F, 0x388...0x482, 0x48A...0x52F, 0x5D0...0x5EA, 0x620...0x64A,
      0x660...0x66F, 0x671...0x6D3, 0x904...0x939, 0xE01...0xE37, 0xE3F...0xE47, 0x2002...0x205E,
      0x20A0...0x20C0, 0x2190...0x2328, 0x232B...0x2ADB, 0x3001...0x3029, 0x3030...0x3096,
      0x309B...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xFE00...0xFE0F,
      0xFF01...0xFF9D, 0x1F300...0x1FAFF, 0x20000...0x2A6DF:
      true
    default: false
    }
  }

  /// The scalar at `position` of valid UTF-8 and its number of bytes.
  package static func scalar(
    in utf8: UnsafeRawBufferPointer, at position: Int
  ) -> (value: UInt32, length: Int) {
    let lead = UInt32(utf8[position])
    func tail(_ offset: Int) -> UInt32 { UInt32(utf8[position + offset]) & 0x3F }
    switch lead {
    case 0..<0x80: return (lead, 1)
    case 0x80..<0xE0: return ((lead & 0x1F) << 6 | tail(1), 2)
    case 0xE0..<0xF0: return ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3)
    default: return ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
    }
  }

  /// The form of a text, piece by piece: Foundation takes time quadratic in the length of a text
  /// that it changes and in the number of marks in a row.
  fileprivate static func composed(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    var piece = ""
    var marks = 0
    for scalar in text.unicodeScalars {
      if isBoundary(scalar) {
        marks = 0
        if piece.utf8.count >= pieceLength {
          result += piece.precomposedStringWithCanonicalMapping
          piece = ""
        }
      } else if scalar.properties.canonicalCombiningClass == .notReordered {
        marks = 0
      } else {
        if marks == mostMarks {
          piece.unicodeScalars.append("\u{34F}")
          marks = 0
        }
        marks += 1
      }
      piece.unicodeScalars.append(scalar)
    }
    return result + piece.precomposedStringWithCanonicalMapping
  }

  private static let pieceLength = 1024
  private static let mostMarks = 256

  /// Whether nothing in front of `scalar` composes with it or moves behind it.
  private static func isBoundary(_ scalar: Unicode.Scalar) -> Bool {
    if isInert(scalar.value) { return true }
    // In the first plane only marks and the second and third letters of Hangul syllables compose
    // with what is in front of them.
    guard scalar.value < 0x10000, !(0x1160...0x11FF ~= scalar.value) else { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .unassigned: return false
    default: return true
    }
  }
}
