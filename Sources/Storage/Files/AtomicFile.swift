import Foundation

/// A file that appears under its name only once it is complete.
///
/// Bytes go to a temporary file in the same folder; `commit()` flushes it to disk and renames it to
/// the final name in one step. A reader, or a process restarted after a kill or a power failure,
/// sees the old file or the new one, never a partial one. The next writer of the same file removes
/// leftovers of a killed one.
///
/// A symbolic link is followed: its target is replaced, or created, in the target's folder. A file
/// that is replaced keeps its mode, and its owner if the system allows it. A path that is not a
/// regular file, such as a pipe, a device or `/dev/stdout`, is written to directly and never
/// replaced.
public final class AtomicFile {
  /// The final name.
  public let path: String
  /// The final path of a regular file; nil for other paths, which are written to directly.
  private let place: String?
  private let draft: Draft?
  private let descriptor: Int32
  private var isCommitted = false
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 20

  /// Starts writing; nothing appears under `path` before `commit()`.
  ///
  /// - Throws: `FileError` when the folder cannot be written, or `path` is a folder.
  public init(path: String) throws {
    self.path = path
    switch try OutputTarget(of: path) {
    case .stream(let descriptor):
      self.descriptor = descriptor
      (place, draft) = (nil, nil)
    case .file(let place, let status):
      let draft = try Draft(of: place, .file)
      if let status { Self.keepOwnerAndMode(status, draft.descriptor) }
      self.place = place
      self.draft = draft
      descriptor = draft.descriptor
    }
  }

  deinit {
    if isCommitted { return }
    // Remove the draft if `commit()` was not called.
    if let draft { draft.remove() } else { close(descriptor) }
  }

  private static func keepOwnerAndMode(_ status: stat, _ descriptor: Int32) {
    // Only root may change the owner; others keep at least the group, if they are members of it.
    let isGiven =
      fchown(descriptor, status.st_uid, status.st_gid) == 0
      || (fchown(descriptor, uid_t.max, status.st_gid) == 0 && status.st_uid == geteuid())
    // Drop the set-user-ID bits if the new file has another owner.
    fchmod(descriptor, status.st_mode & (isGiven ? 0o7777 : 0o777))
  }

  /// Appends bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count > Self.bufferSize {
      try writeNow(bytes)
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  /// Appends the UTF-8 form of `text`.
  public func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  /// Makes the file durable and visible under its name.
  ///
  /// - Throws: `FileError`; `InputError` when an input file was changed in the meantime, see
  ///   `FileGuard`.
  public func commit() throws {
    try FileGuard.checkInputs()
    try flush()
    guard let draft, let place else {
      // A pipe cannot be flushed to disk.
      guard fsync(descriptor) == 0 || [EINVAL, EROFS, ENOTSUP].contains(errno) else {
        throw FileError(path: path, action: "write", code: errno)
      }
      isCommitted = true
      guard close(descriptor) == 0 else {
        throw FileError(path: path, action: "write", code: errno)
      }
      return
    }
    guard fsync(descriptor) == 0 else { throw FileError(path: path, action: "write", code: errno) }
    guard rename(draft.path, place) == 0 else {
      throw FileError(path: path, action: "replace", code: errno)
    }
    isCommitted = true
    draft.release()
    makeFolderDurable(place.parentFolder)
  }

  private func flush() throws {
    try buffer.withUnsafeBytes(writeNow)
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeNow(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw FileError(path: path, action: "write", code: errno)
      }
      rest = rest.dropFirst(written)
    }
  }
}

/// Writes `text` to `path` atomically; see `AtomicFile`.
public func writeAtomically(_ text: String, to path: String) throws {
  let file = try AtomicFile(path: path)
  try file.write(text)
  try file.commit()
}

/// Writes `bytes` to `path` atomically; see `AtomicFile`.
public func writeAtomically(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
  let file = try AtomicFile(path: path)
  try file.write(bytes)
  try file.commit()
}
