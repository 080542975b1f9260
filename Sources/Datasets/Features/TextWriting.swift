import Foundation

/// Properties of a whole text's script, determined before it is split into words.
struct TextWriting {
  /// Whether there are full-width or half-width forms.
  private(set) var hasWidthForms = false
  /// Whether at least a quarter of the letters and digits are of unspaced scripts.
  ///
  /// Line ends have no meaning in such a text, so the whole text is treated as one line.
  private(set) var isUnspaced = false

  init(_ text: UnsafeRawBufferPointer) {
    var count = 0
    var position = 0
    while position < text.count {
      // All relevant characters take three bytes or more.
      guard text[position] >= 0xe0 else {
        position += 1
        continue
      }
      let length = UTF8Scalars.length(text, at: position)
      if length > 1, let scalar = UTF8Scalars.scalar(text, at: position, length: length) {
        if 0xff01...0xffee ~= scalar.value { hasWidthForms = true }
        if CharacterScript(scalar) == .unspaced { count += 1 }
      }
      position += length
    }
    if count > 0 { isUnspaced = 4 * count >= Self.wordCharacters(of: text) }
  }

  private static func wordCharacters(of text: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var position = 0
    while position < text.count {
      let length = UTF8Scalars.length(text, at: position)
      let scalar =
        length == 1
        ? Unicode.Scalar(UInt8(text[position] & 0x7f))
        : UTF8Scalars.scalar(text, at: position, length: length)
      let isDamaged = length == 1 && text[position] >= 0x80
      if let scalar, !isDamaged, scalar.properties.isPartOfWord { count += 1 }
      position += length
    }
    return count
  }

  /// The text with its full-width and half-width forms replaced by the usual ones (NFKC of only
  /// these characters): `Ｌｉｎｕｘ` becomes `Linux`, `ｶﾞ` becomes `ガ`.
  static func withoutWidthForms(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var forms = String.UnicodeScalarView()
    func fold() {
      let usual = String(forms).precomposedStringWithCompatibilityMapping
      result.append(contentsOf: usual.unicodeScalars)
      forms.removeAll()
    }
    for scalar in text.unicodeScalars {
      if 0xff01...0xffee ~= scalar.value {
        forms.append(scalar)
        continue
      }
      if !forms.isEmpty { fold() }
      result.append(scalar)
    }
    if !forms.isEmpty { fold() }
    // A half-width voicing mark may follow a full-width kana.
    return String(result).precomposedStringWithCanonicalMapping
  }
}
