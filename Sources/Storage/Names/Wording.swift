import Foundation

/// A count with its noun, such as "1 document" and "2 documents".
///
/// - Parameter noun: the singular; its plural ends in "s".
package func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// `value` with `places` decimals.
package func rounded(_ value: Double, places: Int = 4) -> String {
  String(format: "%.\(places)f", value)
}

extension String {
  /// The start of the text, on one line, with an ellipsis if it is truncated.
  package func snippet(_ length: Int) -> String {
    // A long text is not split as a whole for its first words.
    let start = prefix(4 * length)
    let line = start.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= length && start.endIndex == endIndex
      ? line : line.prefix(length - 1) + "…"
  }
}

extension String {
  /// The text with spaces in front, so that it has at least `length` characters.
  package func padded(to length: Int) -> String {
    String(repeating: " ", count: max(0, length - count)) + self
  }
}

extension String {
  /// The first line that is not blank, without `name:` in front, cut at `length` characters.
  ///
  /// It is the part of a label's or document's text to show next to its name.
  package func caption(of name: String, _ length: Int) -> String {
    var line = drop(while: \.isWhitespace).prefix { !$0.isNewline }
    if !name.isEmpty, line.hasPrefix(name + ":") { line = line.dropFirst(name.count + 1) }
    return String(line).snippet(length)
  }

  /// The short form of a label's text, or `name` if the text is empty or begins with it.
  package func title(of name: String, _ length: Int) -> String {
    let caption = hasPrefix(name) ? "" : caption(of: name, length)
    return caption.isEmpty ? name : caption
  }
}
