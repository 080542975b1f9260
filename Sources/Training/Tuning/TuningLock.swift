import Foundation
import Storage

/// An exclusive lock on the trials of a search, so that two searches do not overwrite each other's.
///
/// The kernel releases it when the object or the process ends, even if it crashes. The lock is on an
/// empty file next to that of the trials, because each trial replaces the latter.
package final class TuningLock {
  private let path: String
  private let descriptor: Int32

  /// Acquires the lock.
  ///
  /// - Parameter log: the file of the trials.
  /// - Throws: `FileError` if the file cannot be created, or if another process is searching.
  package init(log: String) throws {
    path = log + ".lock"
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard file >= 0 else { throw FileError(path: path, action: "create", code: errno) }
      // Some network file systems do not support such locks; there the user must take care.
      if flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        close(file)
        throw FileError(
          path: log, action: "write to, as another process is searching with", code: EBUSY)
      }
      var (own, current) = (stat(), stat())
      // The holder before may have removed the file between the two calls.
      if fstat(file, &own) == 0, stat(path, &current) == 0, own.st_ino == current.st_ino {
        descriptor = file
        return
      }
      close(file)
    }
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}
