import Foundation
import Storage

/// Reads Debian control data: paragraphs of `Name: value` lines, separated by blank lines.
///
/// Format: deb822(5), <https://manpages.debian.org/stable/dpkg-dev/deb822.5.en.html>.
enum ControlFile {
  /// Calls `body` with each paragraph of `file`; `path` is its name in errors.
  static func forEachStanza(
    in file: MappedFile, path: String, _ body: (ControlStanza) throws -> Void
  ) throws {
    try file.withBytes { try forEachStanza(in: $0, file: path, body) }
  }

  /// Calls `body` with each paragraph of the file `name` with content `bytes`.
  ///
  /// - Throws: `InputError` at a line that is neither a field nor a continuation of one.
  static func forEachStanza(
    in bytes: UnsafeRawBufferPointer, file name: String, _ body: (ControlStanza) throws -> Void
  ) throws {
    var stanza = ControlStanza(bytes: bytes)
    var start = 0
    var line = 0
    while start < bytes.count {
      line += 1
      let end = LineReader.lineEnd(in: bytes, from: start)
      defer { start = end + 1 }
      let first = start < end ? bytes[start] : 0
      switch first {
      case 0, 0x0D:
        if !stanza.isEmpty { try body(stanza) }
        stanza.removeAll()
      case UInt8(ascii: "#"):
        continue
      case 0x20, 0x09:
        guard stanza.continueValue(to: end) else {
          throw InputError(
            file: name, line: line, reason: "the line continues a field, but no field precedes it",
            expected: "Name: value")
        }
      default:
        guard let colon = position(of: UInt8(ascii: ":"), in: bytes, start..<end), colon > start
        else {
          throw InputError(
            file: name, line: line, reason: "the line has no field name", expected: "Name: value")
        }
        stanza.append(name: start..<colon, value: colon + 1..<end)
      }
    }
    if !stanza.isEmpty { try body(stanza) }
  }

  private static func position(
    of byte: UInt8, in bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) -> Int? {
    guard let base = bytes.baseAddress,
      let found = memchr(base + range.lowerBound, Int32(byte), range.count)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}

/// One paragraph of control data; valid as long as the underlying bytes.
struct ControlStanza {
  fileprivate let bytes: UnsafeRawBufferPointer
  private var fields: [(name: Range<Int>, value: Range<Int>)] = []

  fileprivate init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  fileprivate var isEmpty: Bool { fields.isEmpty }
  fileprivate mutating func removeAll() { fields.removeAll(keepingCapacity: true) }
  fileprivate mutating func append(name: Range<Int>, value: Range<Int>) {
    fields.append((name, value))
  }
  fileprivate mutating func continueValue(to end: Int) -> Bool {
    guard !fields.isEmpty else { return false }
    let last = fields.count - 1
    fields[last].value = fields[last].value.lowerBound..<end
    return true
  }

  /// Whether there is a field `name`, ignoring case.
  func has(_ name: StaticString) -> Bool { range(of: name) != nil }

  /// The value of the field `name` on one line: each of its lines trimmed, joined by spaces.
  func text(_ name: StaticString) -> String? {
    lines(name)?.joined(separator: " ")
  }

  /// The lines of the field `name`, each trimmed; the first is the rest of the line after the
  /// colon.
  func lines(_ name: StaticString) -> [String]? { range(of: name).map(lines(in:)) }

  /// The lines of a field whose name is only known at run time.
  func lines(_ name: String) -> [String]? {
    fields.first { field in
      String(decoding: bytes[field.name], as: UTF8.self).lowercased() == name.lowercased()
    }.map { lines(in: $0.value) }
  }

  private func lines(in range: Range<Int>) -> [String] {
    var lines: [String] = []
    var start = range.lowerBound
    while start <= range.upperBound {
      let end = Swift.min(LineReader.lineEnd(in: bytes, from: start), range.upperBound)
      lines.append(trimmed(start..<end))
      start = end + 1
    }
    return lines
  }

  /// The fields with their values as written, continuation lines included.
  var raw: [(name: String, value: String)] {
    fields.map {
      (
        String(decoding: bytes[$0.name], as: UTF8.self),
        String(decoding: bytes[$0.value], as: UTF8.self)
      )
    }
  }

  private func range(of name: StaticString) -> Range<Int>? {
    let wanted = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    let count = name.utf8CodeUnitCount
    return fields.first { field in
      guard field.name.count == count, let base = bytes.baseAddress else { return false }
      let found = (base + field.name.lowerBound).assumingMemoryBound(to: CChar.self)
      return strncasecmp(found, wanted, count) == 0
    }?.value
  }

  private func trimmed(_ range: Range<Int>) -> String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, isSpace(bytes[start]) { start += 1 }
    while start < end, isSpace(bytes[end - 1]) { end -= 1 }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
      .normalizedToNFC
  }
}
