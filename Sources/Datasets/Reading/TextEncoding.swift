import Foundation
import Storage

/// How the characters of a text file are stored.
public enum TextEncoding: String, Hashable, Sendable, Codable, CaseIterable {
  /// UTF-8, with or without a byte order mark.
  case utf8 = "utf-8"
  /// UTF-16, little-endian.
  case utf16LE = "utf-16le"
  /// UTF-16, big-endian.
  case utf16BE = "utf-16be"
  /// Windows-1252, which has ISO 8859-1 (Latin-1) as a part.
  case windows1252 = "windows-1252"

  /// Its name in notes.
  var title: String {
    switch self {
    case .utf8: "UTF-8"
    case .utf16LE, .utf16BE: "UTF-16"
    case .windows1252: "Windows-1252 (Latin-1)"
    }
  }
}

extension TextEncoding {
  /// The encoding of a text.
  ///
  /// UTF-16 is recognised by its byte order mark, or by the zeros of its first two characters. Bytes
  /// that are no UTF-8 are Windows-1252 if no character of several bytes is UTF-8, if the bytes are
  /// characters of that encoding, and if at most a quarter of the others are not ASCII: in texts of
  /// Latin script these are few. Everything else is UTF-8 with faults, which readers report by line.
  static func guess(_ bytes: UnsafeRawBufferPointer) -> TextEncoding {
    if ByteOrderMark.length(in: bytes) > 0 { return .utf8 }
    if bytes.count >= 2 {
      if bytes[0] == 0xFF, bytes[1] == 0xFE { return .utf16LE }
      if bytes[0] == 0xFE, bytes[1] == 0xFF { return .utf16BE }
    }
    if bytes.count >= 4 {
      if bytes[1] == 0, bytes[3] == 0, bytes[0] != 0, bytes[2] != 0 { return .utf16LE }
      if bytes[0] == 0, bytes[2] == 0, bytes[1] != 0, bytes[3] != 0 { return .utf16BE }
    }
    return ByteSurvey(bytes).isSingleByteText ? .windows1252 : .utf8
  }

  /// The Unicode scalars of bytes 0x80–0x9F of Windows-1252; 0 for bytes without a character.
  private static let upperControls: [UInt16] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC,
    0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
  ]

  /// Whether a byte is a character of Windows-1252 that texts contain.
  fileprivate static func isText(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20: byte == 0x09 || byte == 0x0A || byte == 0x0D
    case 0x80..<0xA0: upperControls[Int(byte) - 0x80] != 0
    default: byte != 0x7F
    }
  }

  /// The text as UTF-8 in an unnamed file; nil if it is UTF-8 already.
  ///
  /// - Parameter name: the file's name in errors.
  /// - Throws: `InputError` with the position of half a surrogate pair or of half a character.
  func converted(_ file: MappedFile, named name: String) throws -> MappedFile? {
    guard self != .utf8 else { return nil }
    let target = try TemporaryFile()
    try file.withBytes { bytes in
      var output: [UInt8] = []
      output.reserveCapacity(1 << 16)
      func flush() throws {
        try output.withUnsafeBytes(target.write)
        output.removeAll(keepingCapacity: true)
      }
      if self == .windows1252 {
        for byte in bytes {
          let control = 0x80..<0xA0 ~= byte ? Self.upperControls[Int(byte) - 0x80] : 0
          Self.append(UInt32(control == 0 ? UInt16(byte) : control), to: &output)
          if output.count > 1 << 16 - 8 { try flush() }
        }
      } else {
        var scalars = UTF16Scalars(bytes, isBigEndian: self == .utf16BE, name: name)
        while let scalar = try scalars.next() {
          Self.append(scalar, to: &output)
          if output.count > 1 << 16 - 8 { try flush() }
        }
      }
      try flush()
    }
    return try target.mapped(as: name)
  }

  private static func append(_ scalar: UInt32, to output: inout [UInt8]) {
    if scalar < 0x80 {
      output.append(UInt8(scalar))
    } else if scalar < 0x800 {
      output.append(UInt8(0xC0 | scalar >> 6))
      output.append(UInt8(0x80 | scalar & 0x3F))
    } else if scalar < 0x10000 {
      output.append(UInt8(0xE0 | scalar >> 12))
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(0x80 | scalar & 0x3F))
    } else {
      output.append(UInt8(0xF0 | scalar >> 18))
      output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      output.append(UInt8(0x80 | scalar & 0x3F))
    }
  }
}

/// The scalars of a text in UTF-16, without its byte order mark.
private struct UTF16Scalars {
  private let bytes: UnsafeRawBufferPointer
  private let isBigEndian: Bool
  private let name: String
  private var position = 0
  private var line = 1

  init(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool, name: String) {
    (self.bytes, self.isBigEndian, self.name) = (bytes, isBigEndian, name)
    if bytes.count >= 2, unit(at: 0) == 0xFEFF { position = 2 }
  }

  private func unit(at position: Int) -> UInt32 {
    let (first, second) = (UInt32(bytes[position]), UInt32(bytes[position + 1]))
    return isBigEndian ? first << 8 | second : second << 8 | first
  }

  mutating func next() throws -> UInt32? {
    guard position < bytes.count else { return nil }
    guard position + 1 < bytes.count else { throw fault("the text ends within a character") }
    let high = unit(at: position)
    position += 2
    if high == 0x0A { line += 1 }
    guard 0xD800..<0xE000 ~= high else { return high }
    guard high < 0xDC00, position + 1 < bytes.count,
      case let low = unit(at: position), 0xDC00..<0xE000 ~= low
    else { throw fault("half a surrogate pair, 0x" + String(high, radix: 16, uppercase: true)) }
    position += 2
    return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
  }

  private func fault(_ reason: String) -> InputError {
    InputError(
      file: name, line: line, reason: reason, expected: "UTF-16, as the first bytes say")
  }
}

/// Counts of the bytes of a text that are not ASCII.
private struct ByteSurvey {
  /// Whether a character of several bytes is UTF-8; then the rest is not looked at.
  private var hasMultibyte = false
  /// Bytes that are neither ASCII nor UTF-8.
  private var stray = 0

  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    var position = 0
    while position < bytes.count {
      if position + 8 <= bytes.count,
        bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
        continue
      }
      if bytes[position] >= 0x80 {
        if Self.isCharacter(bytes, at: position) {
          hasMultibyte = true
          return
        }
        stray += 1
      }
      position += 1
    }
  }

  var isSingleByteText: Bool {
    guard stray > 0, !hasMultibyte, bytes.allSatisfy(TextEncoding.isText) else { return false }
    return 4 * stray <= bytes.count { $0 > 0x20 }
  }

  /// Whether a character of several bytes is UTF-8.
  private static func isCharacter(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
    let length: Int
    switch bytes[position] {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return false
    }
    guard position + length <= bytes.count else { return false }
    return String(validating: bytes[position..<position + length], as: UTF8.self) != nil
  }
}
