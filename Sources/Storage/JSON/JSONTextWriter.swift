/// Builds JSON text byte by byte and hands it to a file in large pieces.
package struct JSONTextWriter {
  private var bytes: [UInt8] = []

  package init() {}

  /// Appends `text` unchanged: punctuation, numbers, names without escapes.
  package mutating func append(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends `text` as a string literal.
  package mutating func appendString(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: append("\\n")
      case 0x09: append("\\t")
      case 0x0D: append("\\r")
      case 0..<0x20:
        append("\\u00")
        bytes.append(Self.digits[Int(byte >> 4)])
        bytes.append(Self.digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends text that is JSON already.
  package mutating func append(json: String) { bytes.append(contentsOf: json.utf8) }

  /// Appends the shortest decimal that reads back as `number`.
  ///
  /// - Precondition: it is finite; JSON has no other numbers.
  package mutating func appendNumber(_ number: Float) {
    precondition(number.isFinite, "\(number) has no JSON form")
    bytes.append(contentsOf: "\(number)".utf8)
  }

  /// Appends a value without white space.
  package mutating func appendValue(_ value: JSONValue) {
    switch value {
    case .object(let members):
      append("{")
      for (index, member) in members.enumerated() {
        if index > 0 { append(",") }
        appendString(member.name)
        append(":")
        appendValue(member.element.value)
      }
      append("}")
    case .array(let elements):
      append("[")
      for (index, element) in elements.enumerated() {
        if index > 0 { append(",") }
        appendValue(element.value)
      }
      append("]")
    case .string(let text): appendString(text)
    case .number(let digits): append(json: digits)
    case .boolean(let value): append(value ? "true" : "false")
    case .null: append("null")
    }
  }

  /// Appends an array of integers.
  package mutating func appendIntegers(_ numbers: [Int]) {
    append("[")
    for (index, number) in numbers.enumerated() {
      if index > 0 { append(",") }
      bytes.append(contentsOf: "\(number)".utf8)
    }
    append("]")
  }

  /// The text so far.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The number of bytes not written yet.
  package var count: Int { bytes.count }

  /// Writes the appended text to `file` once a piece is full, or immediately if `all`.
  package mutating func flush(to file: AtomicFile, all: Bool = false) throws {
    try flush(all: all) { try file.write($0) }
  }

  /// Passes the appended text to `write` once a piece is full, or immediately if `all`.
  package mutating func flush(
    all: Bool = false, _ write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard all || bytes.count > 1 << 18 else { return }
    try bytes.withUnsafeBytes { try write($0) }
    bytes.removeAll(keepingCapacity: true)
  }

  private static let digits = Array("0123456789abcdef".utf8)
}
