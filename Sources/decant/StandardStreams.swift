import Foundation
import Torch

/// Text for whoever started the program.
enum StandardStreams {
  /// Writes results to standard output, control characters other than tabs and line feeds as
  /// escapes.
  ///
  /// - Throws: `FileError`, such as for a full disk: a result must not be lost in silence;
  ///   `InputError` when a file that it was computed from was changed meanwhile.
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

  /// Writes a line for people to standard error, control characters as escapes; where that is closed, nobody wants to know.
  static func note(_ line: String) {
    var text = line.forTerminal + "\n"
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Occupies the three standard descriptors, so that no file of ours is opened under one of their
  /// numbers and then written into as standard error.
  static func occupy() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 {
      // Opened the wrong way round: using it still fails.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
