import Torch

/// A text of a request: in NFC, without a NUL.
///
/// The same words in another normal form are the same text from here on; what reads texts by their
/// end mark would lose what follows a NUL.
struct RequestText: Decodable {
  let value: String

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard !text.utf8.contains(0) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "it has the character U+0000; expected a text without it"))
    }
    value = text.normalizedToNFC
  }
}

/// A name of a request, such as a label's: in NFC, on one line, without control characters.
struct RequestName: Decodable {
  let value: String

  init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    if let control = name.firstControl {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "it has the control character \(control); expected one line without"))
    }
    value = name.normalizedToNFC
  }
}

extension String {
  /// Whether there is nothing to read.
  var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

  /// The first control character or end of a line, as `U+001B`.
  var firstControl: String? {
    unicodeScalars.first { $0.isControl || $0 == "\u{2028}" || $0 == "\u{2029}" }?.codePoint
  }
}
