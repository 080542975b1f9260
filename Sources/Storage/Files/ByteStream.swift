import Foundation

/// Bytes of a file, a pipe or standard input, as they arrive.
package final class ByteStream {
  /// The name of the file in errors.
  package let name: String
  /// Whether all bytes have been read.
  package private(set) var isAtEnd = false
  private let descriptor: Int32
  private static let pieceSize = 1 << 16

  /// Opens the file at `path`; nil is standard input.
  ///
  /// - Throws: `FileError` when it cannot be opened.
  package init(path: String?) throws {
    name = path ?? "standard input"
    descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
    guard descriptor >= 0 else { throw FileError(path: name, action: "open", code: errno) }
  }

  deinit {
    if descriptor != STDIN_FILENO { close(descriptor) }
  }

  /// Appends the bytes that are available to `buffer`, and waits for the first.
  ///
  /// - Throws: `FileError`.
  package func read(into buffer: inout [UInt8]) throws {
    let before = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: Self.pieceSize))
    let count = buffer.withUnsafeMutableBytes {
      Glibc.read(descriptor, $0.baseAddress.map { $0 + before }, Self.pieceSize)
    }
    let code = errno
    buffer.removeLast(Self.pieceSize - max(count, 0))
    guard count >= 0 else {
      if code == EINTR { return }
      throw FileError(path: name, action: "read", code: code)
    }
    isAtEnd = count == 0
  }
}
