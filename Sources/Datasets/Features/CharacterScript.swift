/// The way in which words are separated in a character's script, if spaces do not suffice.
///
/// The characters of each case never change, because saved vocabularies depend on them.
enum CharacterScript {
  /// Words are written without spaces between them: Han, kana, bopomofo, and the scripts of class
  /// SA in Unicode's line breaking (UAX 14): Thai, Lao, Khmer, Myanmar, Tai Le, New Tai Lue, Tai
  /// Tham and Tai Viet.
  case unspaced
  /// Hangul: there are spaces, but a word carries particles and endings that differ from sentence
  /// to sentence.
  case hangul

  /// The script of a letter or a mark; nil for all other characters, and for digits.
  init?(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case ..<0x0e00: return nil
    case 0x0e01...0x0e3a, 0x0e40...0x0e4e, 0x0e81...0x0ece, 0x0edc...0x0edf,  // Thai, Lao
      0x1000...0x103f, 0x1050...0x108f, 0x109a...0x109d,  // Myanmar
      0x1780...0x17d3, 0x17d7, 0x17dc...0x17dd,  // Khmer
      0x1950...0x19c9, 0x1a20...0x1a7f, 0x1aa7,  // Tai Le, New Tai Lue, Tai Tham
      0xa9e0...0xa9ef, 0xa9fa...0xa9fe, 0xaa60...0xaadd:  // Myanmar, Tai Viet
      // These blocks contain some signs and unassigned characters, too.
      guard scalar.properties.isPartOfWord else { return nil }
      self = .unspaced
    case 0x3005...0x3007, 0x3021...0x3029, 0x3031...0x3035, 0x3038...0x303c,  // signs of Han, kana
      0x3041...0x3096, 0x3099...0x309a, 0x309d...0x309f, 0x30a1...0x30fa, 0x30fc...0x30ff,  // kana
      0x3105...0x312f, 0x31a0...0x31bf, 0x31f0...0x31ff,  // bopomofo, kana
      0x3400...0x4dbf, 0x4e00...0x9fff, 0xf900...0xfaff,  // Han
      0x1aff0...0x1b16f, 0x20000...0x3fffd:  // kana, Han
      self = .unspaced
    case 0x1100...0x11ff, 0x3131...0x318e, 0xa960...0xa97c, 0xac00...0xd7a3, 0xd7b0...0xd7fb:
      self = .hangul
    default: return nil
    }
  }

  /// Whether readers see the character as part of the one before it: a mark, or a vowel that
  /// Unicode's grapheme clusters (UAX 29) treat as one.
  static func joins(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isMark || scalar.value == 0x0e33 || scalar.value == 0x0eb3
  }

  /// Whether the character only selects the glyph of the one before it.
  static func isVariationSelector(_ scalar: Unicode.Scalar) -> Bool {
    0xfe00...0xfe0f ~= scalar.value || 0xe0100...0xe01ef ~= scalar.value
  }
}
