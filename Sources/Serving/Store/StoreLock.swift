import Foundation
import Synchronization
import Torch

/// The right to serve from a store: one service at a time has it.
///
/// A file beside the store, `service.sqlite.lock`, says who has it and is locked as long as they
/// live; the kernel gives the lock back however they end. Links lead to the store's own place, so
/// that two names of one store have one lock.
final class StoreLock: Sendable {
  private let path: String
  private let descriptor: Mutex<Int32?>

  /// Takes the right.
  ///
  /// - Throws: `FileError` that names the other service, or when the file cannot be made.
  init(store: String) throws {
    path = Self.resolved(store) + ".lock"
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else { throw FileError(path: path, action: "open", code: errno) }
      // Some network file systems know no such lock; there the user must watch.
      if flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        let owner = Self.text(of: file)
        close(file)
        throw FileError(
          path: store,
          action: "serve with the store, which \(owner.isEmpty ? "another service" : owner) has,",
          code: EBUSY)
      }
      // Who had it before may have removed the file between the two calls.
      if Self.isSame(file, path) {
        descriptor = Mutex(file)
        break
      }
      close(file)
    }
    describe("process \(getpid())")
  }

  deinit { release() }

  /// Says who has the right, for those who are refused.
  func describe(_ owner: String) {
    descriptor.withLock { descriptor in
      guard let descriptor else { return }
      let bytes = Array((owner + "\n").utf8)
      // Only words for people: a full disk must not keep a service from starting.
      _ = ftruncate(descriptor, 0)
      _ = pwrite(descriptor, bytes, bytes.count, 0)
    }
  }

  /// Gives the right back.
  func release() {
    descriptor.withLock { descriptor in
      guard let file = descriptor else { return }
      // Still locked, so nobody else's file is removed.
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

  /// Where a store lies, or will.
  private static func resolved(_ store: String) -> String {
    func real(_ path: String) -> String? {
      guard let found = realpath(path, nil) else { return nil }
      defer { free(found) }
      return String(cString: found)
    }
    if let path = real(store) { return path }
    guard let slash = store.lastIndex(of: "/") else { return store }
    let folder = store[..<slash]
    return (real(folder.isEmpty ? "/" : String(folder)) ?? String(folder)) + store[slash...]
  }
}
