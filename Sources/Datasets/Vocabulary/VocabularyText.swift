import Storage

/// Texts and names in the files of a vocabulary.
enum VocabularyText {
  /// Some bytes as text in Normalization Form C.
  ///
  /// - Throws: `LineFault` if they are not UTF-8 or contain U+0000.
  static func text(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) throws(LineFault) -> String {
    try text(bytes[range], at: range.lowerBound)
  }

  /// The same for bytes in memory that were read from `position` on.
  static func text(
    _ bytes: some Sequence<UInt8>, at position: Int
  ) throws(LineFault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LineFault(
        position: position, reason: "the text is not UTF-8",
        expected: "UTF-8 (iconv converts to it)")
    }
    guard !text.utf8.contains(0) else {
      throw LineFault(
        position: position, reason: "the text contains the control character U+0000",
        expected: "text without it")
    }
    return text.normalizedToNFC
  }

  /// A valid name.
  ///
  /// - Throws: `LineFault` if the text is not one.
  static func name(_ text: String, at position: Int) throws(LineFault) -> String {
    do throws(Name.Fault) {
      return try Name(text).text
    } catch {
      throw LineFault(
        position: position, reason: "the id \(error.reason)", expected: error.expected)
    }
  }
}
