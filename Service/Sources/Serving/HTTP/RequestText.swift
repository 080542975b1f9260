import Storage

/// A text in a request: normalised to NFC, without NUL.
///
/// The same text in another normal form is treated as equal; C strings would lose everything after
/// a NUL.
struct RequestText: Decodable {
  let value: String

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard !text.utf8.contains(0) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "it contains the character U+0000; expected a text without it"))
    }
    value = text.normalizedToNFC
  }
}

/// A name in a request, such as a label's: normalised to NFC, without control characters.
///
/// Tabs and line ends are checked when a new name is stored, because a data set's labels may
/// contain them.
struct RequestName: Decodable {
  let value: String

  init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    if let control = name.firstOffTheLine(but: ["\t", "\n", "\r"]) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "it contains the control character \(control); expected a name without")
      )
    }
    value = name.normalizedToNFC
  }
}

extension String {
  /// Whether the text is empty or only whitespace.
  var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

  /// The first character that is not allowed in a single line, as `U+001B`, except those in
  /// `allowed`.
  func firstOffTheLine(but allowed: [Unicode.Scalar] = []) -> String? {
    unicodeScalars.first {
      ($0.isControl || $0 == "\u{2028}" || $0 == "\u{2029}") && !allowed.contains($0)
    }?.codePoint
  }
}
