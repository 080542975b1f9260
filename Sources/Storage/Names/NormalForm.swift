import Foundation

extension String {
  /// The text in Normalization Form C, which Decant uses for every text and name.
  ///
  /// Two such strings are equal exactly when their bytes are, so Swift's collections, files and
  /// databases agree on equality. A combining grapheme joiner is inserted after every 256 combining
  /// marks in a row; no language has more than a few.
  ///
  /// Form: <https://www.unicode.org/reports/tr15/>.
  /// - Complexity: O(bytes); little more than one look at each byte if the text is already in the
  ///   form.
  public var normalizedToNFC: String {
    var text = self
    if text.withUTF8({ NormalForm.isSurely(UnsafeRawBufferPointer($0)) }) { return text }
    return NormalForm.composed(text)
  }
}

/// Normalization Form C: a quick check that settles most texts, and the full algorithm.
package enum NormalForm {
  /// Whether a quick check shows that valid UTF-8 is in the form; false means undecided.
  ///
  /// This is the quick check of UAX 15, section 9, for the scripts in `isInert` and `isStable`.
  package static func isSurely(_ utf8: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    var last: UInt8 = 0
    while position < utf8.count {
      if position + 8 <= utf8.count,
        utf8.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
        last = 0
        continue
      }
      let (value, length) = scalar(in: utf8, at: position)
      position += length
      if isInert(value) {
        last = 0
        continue
      }
      guard isStable(value), let scalar = Unicode.Scalar(value) else { return false }
      let order = scalar.properties.canonicalCombiningClass.rawValue
      guard order == 0 || last <= order else { return false }
      last = order
    }
    return true
  }

  /// Whether a text is in the form.
  package static func isNormalized(_ text: String) -> Bool {
    var text = text
    if text.withUTF8({ isSurely(UnsafeRawBufferPointer($0)) }) { return true }
    var isNormalized = true
    forEachPiece(of: text) { piece, isWhole in
      isNormalized =
        isWhole && piece.utf8.elementsEqual(piece.precomposedStringWithCanonicalMapping.utf8)
      return isNormalized
    }
    return isNormalized
  }

  /// Whether a scalar is unchanged by normalisation, whatever its neighbours.
  ///
  /// True only for blocks whose scalars are all starters that no other scalar composes with and
  /// that have no decomposition into others (NFC_Quick_Check=Yes, Canonical_Combining_Class=0).
  package static func isInert(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0..<0x300, 0x34F, 0x388...0x482, 0x48A...0x52F, 0x5D0...0x5EA, 0x620...0x64A,
      0x660...0x66F, 0x671...0x6D3, 0x904...0x939, 0xE01...0xE37, 0xE3F...0xE47, 0x2002...0x205E,
      0x20A0...0x20C0, 0x2190...0x2328, 0x232B...0x2ADB, 0x3001...0x3029, 0x3030...0x3096,
      0x309B...0x30FF, 0x3400...0x9FFF, 0xAC00...0xD7A3, 0xFE00...0xFE0F, 0xFF01...0xFF9D,
      0x1F300...0x1FAFF, 0x20000...0x2A6DF:
      true
    default: false
    }
  }

  /// Whether all scalars whose UTF-8 begins with `lead` are inert.
  package static func isInert(leadByte lead: UInt8) -> Bool {
    switch lead {
    case 0..<0xCC, 0xD0, 0xD1, 0xE4...0xE9, 0xEB, 0xEC: true
    default: false
    }
  }

  /// Whether normalisation changes at most the order of this scalar of Hebrew, Arabic, Hindi, Thai
  /// or Lao among the marks around it (NFC_Quick_Check=Yes).
  private static func isStable(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x591...0x5C7, 0x610...0x61A, 0x64B...0x652, 0x656...0x65F, 0x670, 0x6D4...0x6ED,
      0x900...0x903, 0x93A...0x93B, 0x93D...0x957, 0x960...0x97F, 0xE01...0xE4E, 0xE81...0xECD:
      true
    default: false
    }
  }

  /// The scalar at `position` of valid UTF-8, and its number of bytes.
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

  /// The normalised text.
  fileprivate static func composed(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    forEachPiece(of: text) { piece, _ in
      result += piece.precomposedStringWithCanonicalMapping
      return true
    }
    return result
  }

  /// Calls `body` with pieces of a text that can be normalised one by one, until it returns false.
  ///
  /// Foundation takes quadratic time in the length of a text that it changes, and in the number of
  /// marks in a row. The second argument of `body` is true if the piece is unchanged, that is,
  /// without a joiner after too many marks.
  private static func forEachPiece(of text: String, _ body: (String, Bool) -> Bool) {
    var piece = ""
    var isWhole = true
    var marks = 0
    for scalar in text.unicodeScalars {
      if isBoundary(scalar) {
        marks = 0
        if piece.utf8.count >= pieceLength {
          guard body(piece, isWhole) else { return }
          piece = ""
          isWhole = true
        }
      } else if scalar.properties.canonicalCombiningClass == .notReordered {
        marks = 0
      } else {
        if marks == mostMarks {
          piece.unicodeScalars.append("\u{34F}")
          isWhole = false
          marks = 0
        }
        marks += 1
      }
      piece.unicodeScalars.append(scalar)
    }
    _ = body(piece, isWhole)
  }

  private static let pieceLength = 1024
  private static let mostMarks = 256

  /// Whether no character before `scalar` composes with it or is reordered with it.
  private static func isBoundary(_ scalar: Unicode.Scalar) -> Bool {
    if isInert(scalar.value) { return true }
    // In the first plane, only marks and the second and third letters of Hangul syllables compose
    // with the characters before them.
    guard scalar.value < 0x10000, !(0x1160...0x11FF ~= scalar.value) else { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .unassigned: return false
    default: return true
    }
  }
}
