import Foundation
import Storage
import Synchronization

/// An exclusive lock on a store: one service at a time can use it.
///
/// A file next to the store, `service.sqlite.lock`, names the owner and is locked while the owner
/// lives; the kernel releases the lock even after a crash. Links are resolved, so that two names of
/// one store share one lock.
final class StoreLock: Sendable {
  private let path: String
  private let descriptor: Mutex<Int32?>

  /// Acquires the lock.
  ///
  /// - Throws: `FileError` naming the other service, or if the file cannot be created.
  init(store: String) throws {
    path = Self.resolved(store) + ".lock"
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else { throw FileError(path: path, action: "open", code: errno) }
      // Some network file systems do not support such locks; there the user must take care.
      if flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        let owner = Self.text(of: file)
        close(file)
        throw FileError(
          path: store,
          action: "serve with the store, which \(owner.isEmpty ? "another service" : owner) has,",
          code: EBUSY)
      }
      // The previous owner may have removed the file between the two calls.
      if Self.isSame(file, path) {
        descriptor = Mutex(file)
        break
      }
      close(file)
    }
    describe("process \(getpid())")
  }

  deinit { release() }

  /// Records the owner, for the error message of other services.
  func describe(_ owner: String) {
    descriptor.withLock { descriptor in
      guard let descriptor else { return }
      let bytes = Array((owner + "\n").utf8)
      // Only a message for people: a full disk must not keep a service from starting.
      _ = ftruncate(descriptor, 0)
      _ = pwrite(descriptor, bytes, bytes.count, 0)
    }
  }

  /// Releases the lock.
  func release() {
    descriptor.withLock { descriptor in
      guard let file = descriptor else { return }
      // Still locked, so this is not another owner's file.
      unlink(path)
      close(file)
      descriptor = nil
    }
  }

  private static func text(of file: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pread(file, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func isSame(_ file: Int32, _ path: String) -> Bool {
    var (mine, there) = (stat(), stat())
    return fstat(file, &mine) == 0 && stat(path, &there) == 0
      && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev
  }

  /// The resolved path of a store that may not exist yet.
  private static func resolved(_ store: String) -> String {
    func real(_ path: String) -> String? {
      guard let found = realpath(path, nil) else { return nil }
      defer { free(found) }
      return String(cString: found)
    }
    if let path = real(store) { return path }
    return (real(store.parentFolder) ?? store.parentFolder) + "/" + store.lastPathName
  }
}
