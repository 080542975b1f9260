import Storage

/// A text in a request: normalised to NFC, without NUL.
///
/// The same text in another normal form is treated as equal; C strings would lose everything after
/// a NUL.
struct RequestText: Decodable {
  let value: String

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let clean = Self.clean(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: Self.fault))
    }
    value = clean
  }

  /// A text that is not in JSON; nil if it contains a NUL.
  static func clean(_ text: String) -> String? {
    text.utf8.contains(0) ? nil : text.normalizedToNFC
  }

  /// Why a text is not clean.
  static let fault = "it contains the character U+0000; expected a text without it"
}

/// A text or an array of texts.
struct RequestTexts: Decodable {
  let texts: [String]

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if (try? value.decode(String.self)) != nil {
      texts = [try RequestText(from: decoder).value]
      return
    }
    let isTokens =
      (try? value.decode([Double].self))?.isEmpty == false
      || (try? value.decode([[Double]].self))?.isEmpty == false
    guard !isTokens else {
      throw DecodingError.dataCorruptedError(
        in: value,
        debugDescription: "it has token ids, which mean nothing to this model; expected a text or "
          + "an array of texts")
    }
    texts = try value.decode([RequestText].self).map(\.value)
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
