extension Unicode.Scalar {
  /// Whether it is one of C0, DEL and C1: U+0000–U+001F and U+007F–U+009F.
  package var isControl: Bool { value < 0x20 || 0x7F...0x9F ~= value }

  /// Whether no name may hold it: a control character that is neither a tab nor a line end.
  package var isRefusedInNames: Bool {
    isControl && self != "\t" && self != "\n" && self != "\r"
  }

  /// Its number as people write it: `U+001B`.
  package var codePoint: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Its escape in a line of text: `\n`, `\u001b`.
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
  /// The text as part of one line: control characters and line ends as `\n`, `\r`, `\t`, `\u001b`.
  ///
  /// A terminal obeys control characters, and a table falls apart at tabs and line ends.
  public var onOneLine: String {
    escaping { $0.isControl || $0 == "\u{2028}" || $0 == "\u{2029}" }
  }

  /// The text as a field of tab-separated values: as `onOneLine`, and each backslash doubled, so
  /// that the text can be had back.
  public var asField: String {
    escaping { $0.isControl || $0 == "\u{2028}" || $0 == "\u{2029}" || $0 == "\\" }
  }

  /// The text for a terminal, with its tabs and lines: all other control characters as escapes.
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
