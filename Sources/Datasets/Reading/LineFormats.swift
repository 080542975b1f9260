import Storage

/// JSON lines: one object per line.
struct JSONLinesFormat: RecordFormat {
  func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let range = scanner.takeLine()
    var cursor = JSONCursor(scanner.bytes, in: range, readsNaN: true)
    if cursor.isAtEnd() { return nil }
    let element = try cursor.element()
    try cursor.finish()
    return try element.recordFields()
  }
}

/// A JSON array of objects, or objects one after the other that take several lines.
struct JSONFormat: RecordFormat {
  private enum State { case start, array, objects, end }
  private var state = State.start

  mutating func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    guard state != .end else {
      throw lost(&scanner, "more text after the array", expected: "the end of the file")
    }
    if state == .start {
      state = scanner.bytes[scanner.position] == UInt8(ascii: "[") ? .array : .objects
      if state == .array { scanner.move(to: scanner.position + 1) }
      Self.skipBlanks(&scanner)
      if state == .array { endArray(&scanner) }
      return nil
    }
    var cursor = JSONCursor(
      scanner.bytes, in: scanner.position..<scanner.bytes.count, readsNaN: true)
    let element: JSONValue.Element
    do throws(LineFault) {
      element = try cursor.element()
    } catch {
      scanner.isLost = true
      throw error
    }
    scanner.move(to: cursor.position)
    Self.skipBlanks(&scanner)
    if state == .array, !endArray(&scanner) {
      guard !scanner.isAtEnd, scanner.bytes[scanner.position] == UInt8(ascii: ",") else {
        throw lost(&scanner, "the array does not go on", expected: "a comma or ']'")
      }
      scanner.move(to: scanner.position + 1)
      Self.skipBlanks(&scanner)
      if scanner.isAtEnd { throw lost(&scanner, "the array is not closed", expected: "']'") }
    }
    return try element.recordFields()
  }

  /// Moves past the end of the array, if it is here.
  @discardableResult
  private mutating func endArray(_ scanner: inout RecordScanner) -> Bool {
    guard !scanner.isAtEnd, scanner.bytes[scanner.position] == UInt8(ascii: "]") else {
      return false
    }
    scanner.move(to: scanner.position + 1)
    Self.skipBlanks(&scanner)
    state = .end
    return true
  }

  static func skipBlanks(_ scanner: inout RecordScanner) {
    var end = scanner.position
    while end < scanner.bytes.count, ForeignFile.isBlank(scanner.bytes[end]) { end += 1 }
    scanner.move(to: end)
  }

  private func lost(_ scanner: inout RecordScanner, _ reason: String, expected: String) -> LineFault
  {
    scanner.isLost = true
    return LineFault(position: scanner.position, reason: reason, expected: expected)
  }
}

extension JSONValue.Element {
  /// The members of an object, their names in Normalization Form C.
  fileprivate func recordFields() throws(LineFault) -> [JSONValue.Member] {
    guard case .object(let members) = value else {
      throw LineFault(
        position: position, reason: "the record is \(value.described)", expected: "an object: {…}")
    }
    return members.map { .init($0.name.normalizedToNFC, at: $0.position, $0.element) }
  }
}

/// Lines of fastText: words, some of which are labels.
struct FastTextFormat: RecordFormat {
  static let prefix = "__label__"

  func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let range = scanner.takeLine()
    let line = try scanner.text(range)
    var labels: [String] = []
    var words: [Substring] = []
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
      if word.hasPrefix(Self.prefix) {
        let label = String(word.dropFirst(Self.prefix.count))
        if !label.isEmpty, !labels.contains(label) { labels.append(label) }
      } else {
        words.append(word)
      }
    }
    let text = words.joined(separator: " ").trimmingBlanks()
    if text.isEmpty, labels.isEmpty { return nil }
    return [
      .init("text", .init(.string(text), at: range.lowerBound)),
      .init("labels", .init(.array(labels.map { .init(.string($0)) }), at: range.lowerBound)),
    ]
  }
}

/// Annif's corpus of short texts: a text, a tab, and URIs in angle brackets.
struct AnnifFormat: RecordFormat {
  func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let range = scanner.takeLine()
    if scanner.bytes[range].allSatisfy(ForeignFile.isBlank) { return nil }
    let tab = scanner.bytes[range].firstIndex(of: UInt8(ascii: "\t")) ?? range.upperBound
    var labels: [JSONValue.Element] = []
    var start = tab
    while start < range.upperBound {
      let end =
        scanner.bytes[start..<range.upperBound].firstIndex(where: ForeignFile.isBlank)
        ?? range.upperBound
      if end > start {
        let word = try scanner.text(start..<end)
        guard let uri = word.withoutAngleBrackets else {
          throw LineFault(
            position: start, reason: "\"\(word)\" is not a URI in angle brackets",
            expected: "<http://…> after the tab")
        }
        labels.append(.init(.string(uri), at: start))
      }
      start = end + 1
    }
    return [
      .init("text", .init(.string(try scanner.text(range.lowerBound..<tab)), at: range.lowerBound)),
      .init("labels", .init(.array(labels), at: tab)),
    ]
  }
}

/// Plain text: every line that is not blank is a text.
struct LinesFormat: RecordFormat {
  func record(_ scanner: inout RecordScanner) throws(LineFault) -> [JSONValue.Member]? {
    let range = scanner.takeLine()
    if scanner.bytes[range].allSatisfy(ForeignFile.isBlank) { return nil }
    return [.init("text", .init(.string(try scanner.text(range)), at: range.lowerBound))]
  }
}

extension StringProtocol {
  /// The text between `<` and `>`; nil if it is not in angle brackets.
  var withoutAngleBrackets: String? {
    guard count > 2, hasPrefix("<"), hasSuffix(">") else { return nil }
    return String(dropFirst().dropLast())
  }

  /// The text without blanks at both ends.
  func trimmingBlanks() -> String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}
