import Foundation
import Storage

/// Standard output and standard error of the program.
enum StandardStreams {
  /// Writes results to standard output.
  ///
  /// Control characters other than tabs and line feeds become escapes.
  ///
  /// - Throws: `FileError`, for instance when the disk is full; `InputError` when a file that the
  ///   result was computed from has changed meanwhile.
  static func write(_ text: String) throws {
    try FileGuard.checkInputs()
    var text = text.forTerminal
    try text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = Glibc.write(
          STDOUT_FILENO, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw FileError(path: "standard output", action: "write to", code: errno)
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// Writes a line to standard error, control characters as escapes.
  ///
  /// Write errors are ignored: there is no one left to tell.
  static func note(_ line: String) {
    var text = line.forTerminal + "\n"
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Occupies the three standard descriptors, so that no file gets one of their numbers and is then
  /// overwritten as standard error.
  static func occupy() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 {
      // Opened in the wrong direction, so that using it still fails.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
