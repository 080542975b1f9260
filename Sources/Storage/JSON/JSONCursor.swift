/// Reads strict JSON (RFC 8259) from bytes, front to back, without building a tree.
///
/// Text must be well-formed UTF-8, escaped surrogates must come in pairs, and values may be nested
/// at most 64 deep. Strings and member names come out in Normalization Form C. Skipped values are
/// checked like those that are read, except for repeated names in skipped objects.
///
/// Numbers that JSON lacks, `NaN` and `Infinity`, which other programs write for missing values, are
/// read as `null` on request.
///
/// The lenient mode is for files that people write. It adds a part of JSON5
/// (<https://spec.json5.org>): comments (`// …` and `/* … */`), a comma after the last value, member
/// names without quotation marks, strings in single quotes, tabs in strings, any Unicode white space.
package struct JSONCursor {
  package static let depthLimit = 64

  package let bytes: UnsafeRawBufferPointer
  package private(set) var position: Int
  package let isLenient: Bool
  package let readsNaN: Bool
  let end: Int

  /// Starts at the first byte of `range` and never looks past its end.
  package init(
    _ bytes: UnsafeRawBufferPointer, in range: Range<Int>, isLenient: Bool = false,
    readsNaN: Bool = false
  ) {
    self.bytes = bytes
    self.isLenient = isLenient
    self.readsNaN = readsNaN
    position = range.lowerBound
    end = range.upperBound
  }

  /// Whether only white space is left.
  package mutating func isAtEnd() -> Bool {
    skipWhitespace()
    return position == end
  }

  /// Refuses anything but white space after the value.
  package mutating func finish() throws(LineFault) {
    if !isAtEnd() { throw unexpected(expected: "nothing more after the value") }
  }

  /// Reads an object; `member` must read the value that belongs to each name.
  package mutating func object(
    _ member: (inout JSONCursor, JSONString) throws(LineFault) -> Void
  ) throws(LineFault) {
    try open("{", expected: "an object: {…}")
    if close("}") { return }
    repeat {
      skipWhitespace()
      let name = try memberName()
      skipWhitespace()
      guard take(":") else { throw unexpected(expected: "a colon after the name") }
      try member(&self, name)
    } while try continues(until: "}")
  }

  /// Reads an array; `element` must read one value.
  package mutating func array(
    _ element: (inout JSONCursor) throws(LineFault) -> Void
  ) throws(LineFault) {
    try open("[", expected: "an array: […]")
    if close("]") { return }
    repeat {
      try element(&self)
    } while try continues(until: "]")
  }

  private mutating func memberName() throws(LineFault) -> JSONString {
    let start = position
    while isLenient, let length = wordCharacterLength() { position += length }
    guard start < position else { return try string(expected: "a name in quotation marks") }
    return JSONString(content: start..<position, hasEscapes: false, isNormalized: false)
  }

  /// The length of the next character, if names without quotation marks may contain it.
  private func wordCharacterLength() -> Int? {
    guard position < end else { return nil }
    switch bytes[position] {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"),
      UInt8(ascii: "-"), UInt8(ascii: "."):
      return 1
    case 0x80...:
      return multibyteScalar().flatMap { $0.scalar.properties.isAlphabetic ? $0.length : nil }
    default: return nil
    }
  }

  /// The next scalar, if it has two to four bytes.
  private func multibyteScalar() -> (scalar: Unicode.Scalar, length: Int)? {
    var copy = self
    do { try copy.skipMultibyte() } catch { return nil }
    let found = NormalForm.scalar(in: bytes, at: position)
    return Unicode.Scalar(found.value).map { ($0, found.length) }
  }

  /// Reads a string literal and checks it.
  package mutating func string(expected: String = "a string in quotation marks") throws(LineFault)
    -> JSONString
  {
    skipWhitespace()
    let isSingle = isLenient && take("'")
    guard isSingle || take("\"") else { throw unexpected(expected: expected) }
    let start = position
    let quote = isSingle ? UInt8(ascii: "'") : UInt8(ascii: "\"")
    var hasEscapes = false
    var isInert = true
    while true {
      if !isSingle { skipPlainASCII() }
      guard position < end else {
        throw LineFault(
          position: start - 1, reason: "the string is not closed", expected: "a quotation mark")
      }
      switch bytes[position] {
      case quote:
        position += 1
        var literal = JSONString(
          content: start..<position - 1, hasEscapes: hasEscapes, isNormalized: isInert)
        if !isInert { literal.lookForNormalForm(in: bytes) }
        return literal
      case UInt8(ascii: "\\"):
        hasEscapes = true
        if !NormalForm.isInert(try skipEscape()) { isInert = false }
      case 0x09 where isLenient: position += 1
      case 0..<0x20:
        throw unexpected(
          expected: "control characters in strings as escapes, such as \\n or \\u0001")
      case 0x80...:
        let first = position
        try skipMultibyte()
        if !NormalForm.isInert(leadByte: bytes[first]),
          !NormalForm.isInert(NormalForm.scalar(in: bytes, at: first).value)
        {
          isInert = false
        }
      default:
        position += 1
      }
    }
  }

  /// Reads a number.
  ///
  /// A number beyond the range of `Double` is infinite.
  package mutating func number() throws(LineFault) -> Double {
    skipWhitespace()
    switch DecimalScanner.number(in: bytes, from: position, to: end) {
    case .success(let result):
      position = result.end
      return result.value
    case .failure(let misfit):
      position = misfit.position
      throw unexpected(expected: "a number")
    }
  }

  /// Checks a value of any kind and skips it.
  package mutating func skipValue(depth: Int = 0) throws(LineFault) {
    skipWhitespace()
    guard depth < Self.depthLimit else {
      throw LineFault(
        position: position, reason: "values are nested too deep",
        expected: "at most \(Self.depthLimit) levels")
    }
    guard position < end else { throw unexpected(expected: "a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"):
      try object { (cursor, _) throws(LineFault) in try cursor.skipValue(depth: depth + 1) }
    case UInt8(ascii: "["):
      try array { (cursor) throws(LineFault) in try cursor.skipValue(depth: depth + 1) }
    case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = try string()
    case UInt8(ascii: "t"): try skipWord("true")
    case UInt8(ascii: "f"): try skipWord("false")
    case UInt8(ascii: "n"): try skipWord("null")
    case _ where skipNaN(): break
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try number()
    default: throw unexpected(expected: "a value")
    }
  }

  /// An error that names the next byte.
  package func unexpected(expected: String) -> LineFault {
    guard position < end else {
      return LineFault(position: position, reason: "the text ends too early", expected: expected)
    }
    if isLenient, isNext("/*") {
      return LineFault(position: position, reason: "the comment is not closed", expected: "*/")
    }
    let byte = bytes[position]
    let name =
      byte > 0x20 && byte < 0x7F
      ? "'\(Unicode.Scalar(byte))'" : "byte 0x" + String(byte, radix: 16, uppercase: true)
    return LineFault(position: position, reason: "unexpected \(name)", expected: expected)
  }

  mutating func skipWhitespace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: if !isLenient || !skipComment() { return }
      }
    }
  }

  /// Skips one comment, or one white space that only the lenient mode knows.
  ///
  /// A comment without an end stays, for `unexpected(expected:)` to name.
  private mutating func skipComment() -> Bool {
    if isNext("//") {
      while position < end, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      return true
    }
    if isNext("/*") {
      guard let close = (position + 2..<end).dropLast().first(where: { isNext("*/", at: $0) })
      else { return false }
      position = close + 2
      return true
    }
    if bytes[position] == 0x0B || bytes[position] == 0x0C {
      position += 1
      return true
    }
    guard let next = multibyteScalar(),
      next.scalar.properties.isWhitespace || next.scalar == "\u{FEFF}"
    else { return false }
    position += next.length
    return true
  }

  private func isNext(_ word: StaticString, at start: Int? = nil) -> Bool {
    let rest = bytes[(start ?? position)..<end]
    return rest.prefix(word.utf8CodeUnitCount).elementsEqual(
      UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard position < end, bytes[position] == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func open(_ byte: Unicode.Scalar, expected: String) throws(LineFault) {
    skipWhitespace()
    guard take(byte) else { throw unexpected(expected: expected) }
  }

  private mutating func close(_ byte: Unicode.Scalar) -> Bool {
    skipWhitespace()
    return take(byte)
  }

  private mutating func continues(until closing: Unicode.Scalar) throws(LineFault) -> Bool {
    skipWhitespace()
    if take(",") { return !(isLenient && close(closing)) }
    guard take(closing) else { throw unexpected(expected: "a comma or '\(closing)'") }
    return false
  }

  /// Skips a number that JSON lacks, if it is next and may be there.
  package mutating func skipNaN() -> Bool {
    skipWhitespace()
    guard readsNaN else { return false }
    for word in ["NaN", "Infinity", "-Infinity"] as [StaticString] where isNext(word) {
      position += word.utf8CodeUnitCount
      return true
    }
    return false
  }

  private mutating func skipWord(_ word: StaticString) throws(LineFault) {
    for index in 0..<word.utf8CodeUnitCount {
      guard position < end, bytes[position] == word.utf8Start[index] else {
        throw unexpected(expected: "\(word)")
      }
      position += 1
    }
  }

  /// Skips eight bytes at a time while none of them is a quotation mark, a backslash, a control
  /// character or part of a longer UTF-8 sequence.
  private mutating func skipPlainASCII() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    while position + 8 <= end {
      let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      // A byte of x - n borrows into its top bit where it was below n and had its own top bit
      // clear: <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.
      let found =
        ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
        | ((word &- ones &* 0x20) & ~word) | word
      guard found & tops == 0 else { return }
      position += 8
    }
  }

  /// Skips an escape and returns its scalar.
  private mutating func skipEscape() throws(LineFault) -> UInt32 {
    let start = position
    position += 1
    guard position < end else { throw unexpected(expected: "an escape") }
    if let meaning = JSONString.meaning(of: bytes[position]) {
      position += 1
      return UInt32(meaning)
    }
    if isLenient, take("'") { return 0x27 }
    guard take("u") else {
      throw unexpected(expected: "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")
    }
    guard let unit = JSONString.codeUnit(in: bytes, at: position, end: end) else {
      throw unexpected(expected: "four hexadecimal digits after \\u")
    }
    position += 4
    guard 0xD800..<0xE000 ~= unit else { return unit }
    guard unit < 0xDC00, take("\\"), take("u"),
      let second = JSONString.codeUnit(in: bytes, at: position, end: end),
      0xDC00..<0xE000 ~= second
    else {
      throw LineFault(
        position: start, reason: "half of a surrogate pair: \\u\(String(unit, radix: 16))",
        expected: "a high and a low surrogate together, \\uD800 \\uDC00 and up")
    }
    position += 4
    return 0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00)
  }

  /// Skips one sequence of two to four bytes.
  ///
  /// The ranges are those of table 3-7 in
  /// <https://www.unicode.org/versions/latest/core-spec/chapter-3/>.
  private mutating func skipMultibyte() throws(LineFault) {
    let lead = bytes[position]
    let (length, second): (Int, ClosedRange<UInt8>) =
      switch lead {
      case 0xC2...0xDF: (2, 0x80...0xBF)
      case 0xE0: (3, 0xA0...0xBF)
      case 0xED: (3, 0x80...0x9F)
      case 0xE1...0xEF: (3, 0x80...0xBF)
      case 0xF0: (4, 0x90...0xBF)
      case 0xF1...0xF3: (4, 0x80...0xBF)
      case 0xF4: (4, 0x80...0x8F)
      default: (0, 0...0)
      }
    guard length > 0, position + length <= end, second.contains(bytes[position + 1]),
      bytes[position + 2..<position + length].allSatisfy({ 0x80...0xBF ~= $0 })
    else {
      var fault = unexpected(expected: "text in UTF-8")
      fault.reason += " is not UTF-8"
      throw fault
    }
    position += length
  }
}
