import Datasets
import Foundation
import Storage

/// The lines of a file or of standard input, as many at once as are available.
///
/// Waits for one line of a stream at most, and keeps none in memory. Lines are read in Normalization
/// Form C.
final class TextLines {
  /// A line.
  enum Line {
    case text(String)
    /// A line that is not UTF-8.
    case bad(InputError)
  }

  private let bytes: ByteStream
  /// Bytes that were read but not returned: the start of a line.
  private var rest: [UInt8] = []
  /// The number of bytes of `rest` known to contain no line feed.
  private var searched = 0
  private var number = 0

  /// Opens the file at `path`; nil is standard input.
  ///
  /// - Throws: `FileError` when it cannot be opened.
  init(path: String?) throws { bytes = try ByteStream(path: path) }

  private var name: String { bytes.name }

  /// At least one line; nil at the end.
  ///
  /// - Throws: `FileError`; `InputError` for a file that is not text at all.
  func next() throws -> [Line]? {
    while !bytes.isAtEnd {
      try bytes.read(into: &rest)
      // Only new bytes are searched, so that the time is linear in the length of a line.
      let lineFeed = rest[searched...].lastIndex(of: UInt8(ascii: "\n"))
      searched = rest.count
      let end = bytes.isAtEnd ? rest.endIndex : (lineFeed ?? -1) + 1
      guard end > 0 else { continue }
      if number == 0 { try checkBeginning() }
      let lines = lines(of: rest[..<end])
      rest.removeFirst(end)
      searched = rest.count
      return lines
    }
    return nil
  }

  /// Refuses a file of another kind, and notes lines that look like JSON.
  private func checkBeginning() throws {
    if let foreign = rest.withUnsafeBytes({ ForeignFile(binary: $0) }) {
      throw InputError(
        file: name, reason: "the file looks like \(foreign.name)",
        expected: "lines of text" + (foreign.remedy.map { " (\($0))" } ?? ""))
    }
    let first = rest.prefix(1 << 12)
    if first.starts(with: #"{""#.utf8), first.firstRange(of: #""text""#.utf8) != nil {
      StandardStreams.note(
        "\(name): the lines look like JSON; each is read as plain text (--format jsonl reads "
          + "the records)")
    }
  }

  private func lines(of bytes: ArraySlice<UInt8>) -> [Line] {
    let bytes = number == 0 ? bytes.dropFirst(ByteOrderMark.length(in: bytes)) : bytes
    var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The text after the last line feed is the next line, not an empty one.
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    return pieces.map { piece in
      number += 1
      let text = piece.last == UInt8(ascii: "\r") ? piece.dropLast() : piece
      if let line = String(validating: text, as: UTF8.self) { return .text(line.normalizedToNFC) }
      let place = Self.firstFault(in: text)
      let byte = String(text[place], radix: 16, uppercase: true)
      return .bad(
        InputError(
          file: name, line: number, column: place - text.startIndex + 1,
          reason: "the line is not UTF-8 (byte 0x\(byte))"))
    }
  }

  /// The first byte that is not part of a character.
  private static func firstFault(in bytes: ArraySlice<UInt8>) -> Int {
    var parser = UTF8.ForwardParser()
    var rest = bytes.makeIterator()
    var position = bytes.startIndex
    while case .valid(let scalar) = parser.parseScalar(from: &rest) { position += scalar.count }
    return min(position, bytes.endIndex - 1)
  }
}
