extension Unicode.Scalar {
  /// Whether the scalar is in C0, DEL or C1: U+0000–U+001F and U+007F–U+009F.
  public var isControl: Bool { value < 0x20 || 0x7F...0x9F ~= value }

  /// Whether names may not contain it: a control character that is neither a tab nor a line end.
  package var isRefusedInNames: Bool {
    isControl && self != "\t" && self != "\n" && self != "\r"
  }

  /// Its code point as text: `U+001B`.
  public var codePoint: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Its escape sequence: `\n`, `\u001b`.
  fileprivate var escape: String {
    switch self {
    case "\t": return "\\t"
    case "\n": return "\\n"
    case "\r": return "\\r"
    default:
      let digits = String(value, radix: 16)
      return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
  }
}

extension String {
  /// The text on one line: control characters and line ends are written as `\n`, `\r`, `\t`,
  /// `\u001b`.
  ///
  /// Terminals execute control characters, and tabs and line ends break tables.
  public var onOneLine: String {
    escaping { $0.isControl || $0 == "\u{2028}" || $0 == "\u{2029}" }
  }

  /// The text as a field of tab-separated values: like `onOneLine`, with backslashes doubled, so
  /// that the original can be recovered.
  public var asField: String {
    escaping { $0.isControl || $0 == "\u{2028}" || $0 == "\u{2029}" || $0 == "\\" }
  }

  /// The text for a terminal: tabs and line ends are kept, other control characters are escaped.
  public var forTerminal: String {
    escaping { $0.isControl && $0 != "\n" && $0 != "\t" }
  }

  private func escaping(_ isEscaped: (Unicode.Scalar) -> Bool) -> String {
    guard unicodeScalars.contains(where: isEscaped) else { return self }
    var result = ""
    result.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if !isEscaped(scalar) {
        result.unicodeScalars.append(scalar)
      } else if scalar == "\\" {
        result += "\\\\"
      } else {
        result += scalar.escape
      }
    }
    return result
  }
}
