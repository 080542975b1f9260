import Foundation
import Storage

/// An unnamed file that disappears with the object and its mappings, however the process ends.
final class TemporaryFile {
  let descriptor: Int32

  init() throws {
    let template = NSTemporaryDirectory() + "/decant-XXXXXX"
    guard let name = strdup(template) else {
      throw FileError(path: template, action: "make", code: ENOMEM)
    }
    defer { free(name) }
    descriptor = mkstemp(name)
    guard descriptor >= 0 else { throw FileError(path: template, action: "make", code: errno) }
    unlink(name)
    // Programs inherit only the files passed to them.
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      guard count >= 0 else {
        if errno == EINTR { continue }
        throw FileError(path: NSTemporaryDirectory(), action: "write to", code: errno)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// The content so far.
  ///
  /// - Parameter name: the name of the content in errors.
  func mapped(as name: String) throws -> MappedFile {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw FileError(path: name, action: "open", code: errno) }
    return try MappedFile(descriptor: copy, path: name)
  }
}
