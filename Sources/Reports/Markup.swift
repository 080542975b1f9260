import Foundation

/// A piece of HTML or SVG that escapes everything except literals in the source.
///
/// Literals are kept; interpolated values are escaped as text, unless they are markup themselves.
/// Texts and label names may contain anything, such as `<script>`, and are shown as they are.
struct Markup: ExpressibleByStringInterpolation, Hashable, Sendable {
  private(set) var html: String

  init(stringLiteral value: String) { html = value }
  init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }

  struct StringInterpolation: StringInterpolationProtocol {
    var html = ""

    init(literalCapacity: Int, interpolationCount: Int) {
      html.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }
    mutating func appendLiteral(_ literal: String) { html += literal }
    mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
    mutating func appendInterpolation(_ text: String) { html += Markup.escaped(text) }
    mutating func appendInterpolation(_ number: Int) { html += String(number) }
    /// Adds a number with that many decimals; nil and non-finite numbers become a dash.
    mutating func appendInterpolation(_ number: Double?, _ places: Int) {
      guard let number, number.isFinite else {
        html += "–"
        return
      }
      html += String(format: "%.\(places)f", number)
    }
  }

  static func += (left: inout Markup, right: Markup) { left.html += right.html }

  /// The text with HTML's five special characters escaped and disallowed characters replaced.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      default:
        let isRefused =
          scalar.properties.generalCategory == .control
          || scalar.properties.isNoncharacterCodePoint
        result.unicodeScalars.append(isRefused ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }
}

extension Sequence<Markup> {
  /// Concatenates the pieces.
  func joined() -> Markup {
    reduce(into: Markup(stringLiteral: "")) { $0 += $1 }
  }
}

/// `1234567` as `1,234,567`.
func grouped(_ number: Int) -> String {
  var digits = Array(String(number.magnitude))
  var place = digits.count - 3
  while place > 0 {
    digits.insert(",", at: place)
    place -= 3
  }
  return (number < 0 ? "−" : "") + String(digits)
}
