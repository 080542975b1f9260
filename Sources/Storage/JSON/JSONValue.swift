import Foundation

/// A JSON value as a tree.
///
/// Places in the text do not count when values are compared.
package indirect enum JSONValue: Hashable, Sendable {
  case object([Member])
  case array([Element])
  case string(String)
  /// A number as it is written, so that no digit is lost.
  case number(String)
  case boolean(Bool)
  case null

  /// A value and the byte where it begins.
  package struct Element: Hashable, Sendable {
    package var value: JSONValue
    package var position: Int

    package init(_ value: JSONValue, at position: Int = 0) {
      self.value = value
      self.position = position
    }

    package static func == (first: Element, second: Element) -> Bool { first.value == second.value }
    package func hash(into hasher: inout Hasher) { hasher.combine(value) }
  }

  /// A name, the byte where it begins, and its value.
  package struct Member: Hashable, Sendable {
    package var name: String
    package var position: Int
    package var element: Element

    package init(_ name: String, at position: Int = 0, _ element: Element) {
      self.name = name
      self.position = position
      self.element = element
    }

    package static func == (first: Member, second: Member) -> Bool {
      first.name == second.name && first.element == second.element
    }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
  }

  /// The JSON that a value is encoded as, names in alphabetical order.
  ///
  /// Numbers that JSON does not have become the strings `inf`, `-inf` and `nan`.
  package init(encoding value: some Encodable) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      let text = String(decoding: try encoder.encode(value), as: UTF8.self)
      self = try JSONText(text, file: "\(type(of: value))").root.value
    } catch {
      fatalError("\(type(of: value)) has no JSON form: \(error)")
    }
  }

  /// The members of an object; none for other values.
  package var members: [Member] { if case .object(let members) = self { members } else { [] } }

  /// The value in short, for a message.
  package var described: String {
    switch self {
    case .object: "{…}"
    case .array: "[…]"
    default: json
    }
  }

  /// The value as plain JSON.
  package var json: String {
    switch self {
    case .object(let members):
      return "{"
        + members.map { JSONValue.string($0.name).json + ": " + $0.element.value.json }
        .joined(separator: ", ") + "}"
    case .array(let elements):
      return "[" + elements.map(\.value.json).joined(separator: ", ") + "]"
    case .string(let text):
      var writer = JSONTextWriter()
      writer.appendString(text)
      return writer.text
    case .number(let digits): return digits
    case .boolean(let value): return "\(value)"
    case .null: return "null"
    }
  }
}

/// A JSON file, read as a whole: its value, and the places of values for messages.
package struct JSONText {
  package let root: JSONValue.Element
  private let bytes: [UInt8]
  private let file: String

  /// Reads the one value of a text.
  ///
  /// - Throws: `InputError` with the line and the column of the first fault.
  package init(_ text: String, file: String, isLenient: Bool = false) throws {
    let bytes = Array(text.utf8)
    root = try bytes.withUnsafeBytes { buffer in
      do throws(LineFault) {
        var cursor = JSONCursor(
          buffer, in: ByteOrderMark.length(in: buffer)..<buffer.count, isLenient: isLenient)
        let root = try cursor.element()
        try cursor.finish()
        return root
      } catch {
        throw error.inputError(file: file, in: bytes)
      }
    }
    (self.bytes, self.file) = (bytes, file)
  }

  /// An error that names the line and the column of a byte.
  package func error(at position: Int, _ reason: String, expected: String? = nil) -> InputError {
    LineFault(position: position, reason: reason, expected: expected)
      .inputError(file: file, in: bytes)
  }
}

extension LineFault {
  /// The fault with its line and column in a text of several lines.
  func inputError(file: String, in text: some BidirectionalCollection<UInt8>) -> InputError {
    let before = text.prefix(position ?? 0)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map(text.index(after:))
    return inputError(
      file: file, line: 1 + before.count { $0 == UInt8(ascii: "\n") },
      lineStart: lineStart.map { text.distance(from: text.startIndex, to: $0) } ?? 0)
  }
}

extension JSONCursor {
  /// Reads a value of any kind; names must not repeat in an object.
  package mutating func element(depth: Int = 0) throws(LineFault) -> JSONValue.Element {
    skipWhitespace()
    let start = position
    guard depth < Self.depthLimit else {
      throw LineFault(
        position: position, reason: "values are nested too deep",
        expected: "at most \(Self.depthLimit) levels")
    }
    switch start < end ? bytes[start] : 0 {
    case UInt8(ascii: "{"):
      var members: [JSONValue.Member] = []
      try object { (cursor, literal) throws(LineFault) in
        let position = literal.content.lowerBound
        let name = literal.written(in: cursor.bytes)
        guard !members.contains(where: { $0.name == name }) else {
          throw LineFault(position: position, reason: "the key \"\(name)\" comes twice")
        }
        members.append(.init(name, at: position, try cursor.element(depth: depth + 1)))
      }
      return .init(.object(members), at: start)
    case UInt8(ascii: "["):
      var elements: [JSONValue.Element] = []
      try array { (cursor) throws(LineFault) in
        elements.append(try cursor.element(depth: depth + 1))
      }
      return .init(.array(elements), at: start)
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return .init(.string(try string().written(in: bytes)), at: start)
    case _ where skipNaN(): return .init(.null, at: start)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      _ = try number()
      return .init(.number(String(decoding: bytes[start..<position], as: UTF8.self)), at: start)
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
      try skipValue(depth: depth)
      let word = String(decoding: bytes[start..<position], as: UTF8.self)
      return .init(word == "null" ? .null : .boolean(word == "true"), at: start)
    default:
      throw unexpected(
        expected: "a value: text in quotation marks, a number, true, false, null, {…} or […]")
    }
  }
}
