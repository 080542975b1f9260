import Storage

/// One line of N-Triples: subject, predicate and object, not yet decoded.
///
/// The terms are IRIs, blank nodes and literals (<https://www.w3.org/TR/n-triples/>).
struct NTriple {
  /// A term: the bytes of its text, and the kind.
  struct Term {
    enum Kind { case iri, blank, literal }
    var kind: Kind
    /// Without the brackets and quotation marks around it.
    var content: Range<Int>
    /// The language tag of a literal.
    var language: Range<Int>?
  }

  var subject: Term
  var predicate: Term
  var object: Term

  /// Reads a line; nil for one that is blank or a comment.
  ///
  /// - Throws: `LineFault` at the first byte that does not belong there.
  init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(LineFault) {
    var reader = TermReader(bytes: bytes, position: range.lowerBound, end: range.upperBound)
    if reader.isAtEnd { return nil }
    subject = try reader.term("a subject: <…> or _:…")
    guard subject.kind != .literal else {
      throw LineFault(
        position: subject.content.lowerBound - 1, reason: "the subject is a literal",
        expected: "<…> or _:…")
    }
    predicate = try reader.term("a predicate: <…>")
    guard predicate.kind == .iri else {
      throw LineFault(
        position: predicate.content.lowerBound, reason: "the predicate is not an IRI",
        expected: "<…>")
    }
    object = try reader.term("an object: <…>, _:… or \"…\"")
    try reader.finish()
  }
}

extension NTriple.Term {
  /// The text, with escapes replaced, in Normalization Form C; a blank node keeps its `_:`.
  ///
  /// - Throws: `LineFault` if it is not UTF-8, or an escape is unknown.
  func text(in bytes: UnsafeRawBufferPointer) throws(LineFault) -> String {
    let written = bytes[content]
    guard kind != .blank, written.contains(UInt8(ascii: "\\")) else {
      return try VocabularyText.text(bytes, content)
    }
    var result: [UInt8] = []
    result.reserveCapacity(content.count)
    var position = content.lowerBound
    while position < content.upperBound {
      guard bytes[position] == UInt8(ascii: "\\") else {
        result.append(bytes[position])
        position += 1
        continue
      }
      let scalar = try Self.escape(in: bytes, at: &position, end: content.upperBound)
      result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
    return try VocabularyText.text(result, at: content.lowerBound)
  }

  private static func escape(
    in bytes: UnsafeRawBufferPointer, at position: inout Int, end: Int
  ) throws(LineFault) -> Unicode.Scalar {
    let start = position
    let letter = position + 1 < end ? bytes[position + 1] : 0
    position += 2
    switch letter {
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let count = letter == UInt8(ascii: "u") ? 4 : 8
      var value: UInt32 = 0
      for index in position..<position + count {
        guard index < end, bytes[index] < 0x80,
          let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, value < 1 << 24
        else {
          throw LineFault(
            position: start, reason: "an incomplete escape",
            expected: "\(count) hexadecimal digits")
        }
        value = value << 4 | UInt32(digit)
      }
      position += count
      guard let scalar = Unicode.Scalar(value) else {
        throw LineFault(
          position: start,
          reason: "U+\(String(value, radix: 16, uppercase: true)) is not a character",
          expected: "the escape of a character")
      }
      return scalar
    case UInt8(ascii: "'"): return "'"
    case UInt8(ascii: "/"): break
    default:
      if let meaning = JSONString.meaning(of: letter) { return Unicode.Scalar(meaning) }
    }
    throw LineFault(
      position: start, reason: "an unknown escape",
      expected: "\\t, \\b, \\n, \\r, \\f, \\\", \\', \\\\, \\u or \\U")
  }
}

/// Reads terms from left to right.
private struct TermReader {
  let bytes: UnsafeRawBufferPointer
  var position: Int
  let end: Int

  /// Whether only white space or a comment is left.
  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return position == end || bytes[position] == UInt8(ascii: "#")
    }
  }

  private mutating func skipBlanks() {
    while position < end, ForeignFile.isBlank(bytes[position]) { position += 1 }
  }

  mutating func term(_ expected: String) throws(LineFault) -> NTriple.Term {
    skipBlanks()
    guard position < end else {
      throw LineFault(position: position, reason: "the line ends", expected: expected)
    }
    let start = position
    switch bytes[position] {
    case UInt8(ascii: "<"):
      while position < end, bytes[position] != UInt8(ascii: ">") { position += 1 }
      guard position < end else {
        throw LineFault(position: start, reason: "the IRI is not closed", expected: "\">\"")
      }
      position += 1
      return .init(kind: .iri, content: start + 1..<position - 1)
    case UInt8(ascii: "_"):
      while position < end, !ForeignFile.isBlank(bytes[position]) { position += 1 }
      // A name cannot end with the full stop of the triple.
      if bytes[position - 1] == UInt8(ascii: ".") { position -= 1 }
      return .init(kind: .blank, content: start..<position)
    case UInt8(ascii: "\""):
      return try literal()
    default:
      throw LineFault(
        position: start, reason: "unexpected byte 0x\(String(bytes[start], radix: 16))",
        expected: expected)
    }
  }

  private mutating func literal() throws(LineFault) -> NTriple.Term {
    let start = position
    position += 1
    while position < end, bytes[position] != UInt8(ascii: "\"") {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < end else {
      throw LineFault(
        position: start, reason: "the literal is not closed", expected: "a quotation mark")
    }
    var term = NTriple.Term(kind: .literal, content: start + 1..<position)
    position += 1
    if position < end, bytes[position] == UInt8(ascii: "@") {
      let tag = position + 1
      position = tag
      while position < end, Self.isTagByte(bytes[position]) { position += 1 }
      term.language = tag..<position
    } else if position + 1 < end, bytes[position] == UInt8(ascii: "^"),
      bytes[position + 1] == UInt8(ascii: "^")
    {
      position += 2
      _ = try self.term("the type of the literal: <…>")
    }
    return term
  }

  private static func isTagByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  mutating func finish() throws(LineFault) {
    skipBlanks()
    guard position < end, bytes[position] == UInt8(ascii: ".") else {
      throw LineFault(
        position: min(position, end), reason: "the triple does not end",
        expected: "\".\" after the object")
    }
    position += 1
    guard isAtEnd else {
      throw LineFault(
        position: position, reason: "more text after the triple", expected: "one triple a line")
    }
  }
}
