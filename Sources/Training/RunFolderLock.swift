import Foundation
import Models
import Storage

/// An exclusive lock on a run's folder, for writing.
///
/// The kernel releases it when the object or the process ends, even if it crashes.
final class RunFolderLock {
  private let descriptor: Int32

  /// Acquires the lock.
  ///
  /// - Throws: `FileError` if the folder cannot be opened, or if another process is training in it.
  init(_ folder: RunFolder) throws {
    descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw FileError(path: folder.path, action: "open", code: errno)
    }
    // Some network file systems do not support such locks; there the user must take care.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw FileError(
        path: folder.path, action: "begin, as another process is training in", code: EBUSY)
    }
  }

  deinit { close(descriptor) }
}
