import Foundation

/// The destination of bytes written to a path.
enum OutputTarget {
  /// A regular file at this path, which exists if it has a status.
  case file(String, status: stat?)
  /// An open stream that is written to directly: a pipe, a device, a descriptor of this process.
  case stream(Int32)

  /// Resolves `path` and its links as opening it for writing would.
  ///
  /// - Throws: `FileError` for a folder, a cycle of links, or a path that cannot be opened.
  init(of path: String) throws {
    func refuse(_ code: Int32) -> FileError { FileError(path: path, action: "write", code: code) }
    var place = path
    // The kernel follows the same number of links.
    for _ in 0...40 {
      var status = stat()
      guard lstat(place, &status) == 0 else {
        let code = errno
        guard code == ENOENT, !place.isEmpty else { throw refuse(code) }
        guard !place.hasSuffix("/") else { throw refuse(EISDIR) }
        self = .file(place, status: nil)
        return
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG:
        self = .file(place, status: status)
        return
      case S_IFDIR: throw refuse(EISDIR)
      case S_IFLNK:
        if let descriptor = try Self.ownDescriptor(place, path) {
          self = .stream(descriptor)
          return
        }
        guard let target = Self.target(ofLink: place) else { throw refuse(errno) }
        place = target.hasPrefix("/") ? target : "\(place.parentFolder)/\(target)"
      default:
        self = .stream(try Self.opened(place, path))
        return
      }
    }
    throw refuse(ELOOP)
  }

  /// The target of a symbolic link, as written in the link.
  static func target(ofLink path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else { return nil }
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The descriptor that `/dev/stdout`, `/dev/fd/N` or `>(command)` refers to: an entry of the
  /// process's descriptor table, whose link may not be openable, and whose file position others
  /// share.
  private static func ownDescriptor(_ link: String, _ path: String) throws -> Int32? {
    guard let resolved = realpath(link.parentFolder, nil) else { return nil }
    defer { free(resolved) }
    let folder = String(cString: resolved)
    guard folder.hasPrefix("/proc/"), folder.hasSuffix("/fd") else { return nil }
    guard folder == "/proc/\(getpid())/fd", let number = Int32(link.lastPathName) else {
      return try opened(link, path)
    }
    let descriptor = fcntl(number, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { throw FileError(path: path, action: "write", code: errno) }
    return descriptor
  }

  private static func opened(_ place: String, _ path: String) throws -> Int32 {
    while true {
      // Opening a pipe waits for a reader.
      let descriptor = open(place, O_WRONLY | O_CLOEXEC)
      if descriptor >= 0 { return descriptor }
      if errno != EINTR { throw FileError(path: path, action: "write", code: errno) }
    }
  }
}
