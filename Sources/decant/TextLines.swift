import Foundation
import Torch

/// The lines of a file or of standard input, as many at once as there are to be had.
///
/// A stream is neither waited for longer than a line nor kept in memory. Lines are read in
/// Normalization Form C.
final class TextLines {
  private let name: String
  private let descriptor: Int32
  private var rest: [UInt8] = []
  /// How many bytes of `rest` hold no line feed for certain.
  private var searched = 0
  private var isAtEnd = false
  private var number = 0
  private static let pieceSize = 1 << 16

  /// Opens the file at `path`; nil is standard input.
  ///
  /// - Throws: `FileError` when it cannot be opened.
  init(path: String?) throws {
    name = path ?? "standard input"
    descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
    guard descriptor >= 0 else { throw FileError(path: name, action: "open", code: errno) }
  }

  deinit {
    if descriptor != STDIN_FILENO { close(descriptor) }
  }

  /// At least one line; nil at the end.
  ///
  /// - Throws: `FileError`; `InputError` for a line that is not UTF-8.
  func next() throws -> [String]? {
    while !isAtEnd {
      try read()
      // Only what is new is looked through, so that a long line takes time in proportion.
      let lineFeed = rest[searched...].lastIndex(of: UInt8(ascii: "\n"))
      searched = rest.count
      let end = isAtEnd ? rest.endIndex : (lineFeed ?? -1) + 1
      guard end > 0 else { continue }
      let lines = try lines(of: rest[..<end])
      rest.removeFirst(end)
      searched = rest.count
      return lines
    }
    return nil
  }

  private func read() throws {
    let before = rest.count
    rest.append(contentsOf: repeatElement(0, count: Self.pieceSize))
    let count = rest.withUnsafeMutableBytes {
      Glibc.read(descriptor, $0.baseAddress.map { $0 + before }, Self.pieceSize)
    }
    let code = errno
    rest.removeLast(Self.pieceSize - max(count, 0))
    guard count >= 0 else {
      if code == EINTR { return }
      throw FileError(path: name, action: "read", code: code)
    }
    isAtEnd = count == 0
  }

  private func lines(of bytes: ArraySlice<UInt8>) throws -> [String] {
    var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What follows the last line feed is the next line, not an empty one.
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    return try pieces.map { piece in
      number += 1
      let text = piece.last == UInt8(ascii: "\r") ? piece.dropLast() : piece
      guard let line = String(validating: text, as: UTF8.self) else {
        throw InputError(file: name, line: number, reason: "the line is not UTF-8")
      }
      return line.normalizedToNFC
    }
  }
}
