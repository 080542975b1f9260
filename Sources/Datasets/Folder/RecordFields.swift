import Storage

/// Reads the members of one record and rejects those that are repeated or missing.
extension JSONCursor {
  /// Reads a string without U+0000 into `slot`, which must still be empty; an `"id"` may be an
  /// integer.
  mutating func string(named name: JSONString, into slot: inout JSONString?) throws(LineFault) {
    try refuseSecond(name, isThere: slot != nil)
    let literal = try name.matches("id", in: bytes) ? identifier() : string()
    guard literal.content.count <= TextColumn.Location.lengthLimit else {
      throw LineFault(
        position: literal.content.lowerBound,
        reason: "a text of \(literal.content.count) bytes",
        expected: "at most \(TextColumn.Location.lengthLimit)")
    }
    // C strings and databases end there, so that two different texts would become equal.
    if let (position, scalar) = literal.firstEscape(in: bytes, where: { $0.value == 0 }) {
      throw LineFault(
        position: position,
        reason:
          "\"\(name.decoded(from: bytes))\" contains the control character \(scalar.codePoint)",
        expected: "text without it")
    }
    slot = literal
  }

  /// Rejects a name that this record has already.
  func refuseSecond(_ name: JSONString, isThere: Bool) throws(LineFault) {
    guard isThere else { return }
    throw LineFault(
      position: name.content.lowerBound - 1,
      reason: "\"\(name.decoded(from: bytes))\" appears a second time", expected: "each name once")
  }

  /// Reads a name written as a string or as an integer, whose digits are the name.
  mutating func identifier(
    expected: String = "a name in quotation marks, or a whole number"
  ) throws(LineFault) -> JSONString {
    guard !isAtEnd(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[position] else {
      return try string(expected: expected)
    }
    let start = position
    _ = try number()
    let digits = start..<position
    guard bytes[digits].allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
      throw LineFault(
        position: start,
        reason: "the name is the number \(String(decoding: bytes[digits], as: UTF8.self))",
        expected: expected)
    }
    return JSONString(content: digits, hasEscapes: false, isNormalized: true)
  }

  /// Reads an array of names, or a single name without brackets; `null` means none.
  mutating func names(_ name: (inout JSONCursor) throws(LineFault) -> Void) throws(LineFault) {
    if skipNull() { return }
    if !isAtEnd(), bytes[position] != UInt8(ascii: "[") { return try name(&self) }
    try array { (cursor) throws(LineFault) in
      if !cursor.skipNull() { try name(&cursor) }
    }
  }

  /// Skips a missing value, `null` or `NaN`, if it is next.
  private mutating func skipNull() -> Bool {
    guard !isAtEnd() else { return false }
    if skipNaN() { return true }
    guard bytes[position] == UInt8(ascii: "n") else { return false }
    do throws(LineFault) {
      var copy = self
      try copy.skipValue()
      self = copy
      return true
    } catch {
      return false
    }
  }

  /// The identifier, which must be present and a valid name.
  func required(_ identifier: JSONString?) throws(LineFault) -> JSONString {
    guard let identifier else {
      throw LineFault(reason: "the record has no \"id\"", expected: "{\"id\": \"…\", …}")
    }
    try refuseUnlessName(identifier, "id")
    return identifier
  }

  /// Rejects a literal that is not a valid `Name`.
  ///
  /// - Parameter kind: the kind of literal, such as "id".
  func refuseUnlessName(_ literal: JSONString, _ kind: String) throws(LineFault) {
    guard let fault = literal.withUTF8(in: bytes, { Name.fault(in: $0) }) else { return }
    let isAsWritten = literal.isNormalized && !literal.hasEscapes
    let escape = literal.firstEscape(in: bytes, where: \.isRefusedInNames)
    throw LineFault(
      position: escape?.position
        ?? literal.content.lowerBound + (isAsWritten ? fault.offset ?? 0 : 0),
      reason: "the \(kind) \(fault.reason)", expected: fault.expected)
  }

  /// Whether two literals are written with the same characters, rather than just being the same
  /// text in two normal forms.
  func isWritten(_ literal: JSONString, as other: JSONString) -> Bool {
    literal.written(in: bytes).utf8.elementsEqual(other.written(in: bytes).utf8)
  }
}

extension IdentifierTable {
  /// Adds `identifier`; throws if it exists already.
  mutating func insertNew(_ identifier: JSONString, expected: String = "a unique id")
    throws(LineFault)
  {
    guard count < Int32.max else {
      throw LineFault(reason: "too many records", expected: "at most \(Int32.max)")
    }
    guard insert(identifier) else {
      throw LineFault(
        position: identifier.content.lowerBound,
        reason: "the id \"\(file.withBytes(identifier.decoded))\" appears a second time",
        expected: expected)
    }
  }
}
