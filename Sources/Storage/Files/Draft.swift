import Foundation
import Synchronization

/// A temporary file or folder next to its final path, such as `NAME.partial-71-1`.
///
/// The process that made it holds a lock on it, which is released however the process ends. A draft
/// that is not locked is abandoned: the next draft of the same name removes it.
final class Draft {
  enum Kind { case file, folder(mode: mode_t) }

  private(set) var path: String
  private(set) var descriptor: Int32

  private static let mark = ".partial-"
  private static let number = Atomic<Int>(0)

  /// Creates a draft of the file or folder `final`.
  ///
  /// - Throws: `FileError` about `final`.
  init(of final: String, _ kind: Kind) throws {
    let stem = Self.stem(of: final)
    Self.removeAbandoned(in: final.parentFolder) { $0.hasPrefix(stem) }
    (path, descriptor) = ("", -1)
    repeat {
      let number = Self.number.add(1, ordering: .relaxed).newValue
      path = Self.inside(final.parentFolder, "\(stem)\(getpid())-\(number)")
      descriptor = try Self.make(path, kind, final)
    } while !isHeld
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Releases the lock.
  func release() {
    close(descriptor)
    descriptor = -1
  }

  /// Removes the draft with its contents.
  func remove() {
    Self.remove(path)
    release()
  }

  /// The descriptor of a new file or folder; -1 if the name was taken, or the draft was removed
  /// again.
  private static func make(_ path: String, _ kind: Kind, _ final: String) throws -> Int32 {
    let descriptor: Int32
    var unlucky = EEXIST
    switch kind {
    case .file:
      descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    case .folder(let mode):
      if mkdir(path, mode) == 0 {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        unlucky = ENOENT
      } else {
        descriptor = -1
      }
    }
    guard descriptor >= 0 || errno == unlucky else {
      throw FileError(path: final, action: "write", code: errno)
    }
    return descriptor
  }

  /// Acquires the lock; false if another process considered the draft abandoned and removed it.
  private var isHeld: Bool {
    guard descriptor >= 0 else { return false }
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
      release()
      return false
    }
    return true
  }

  /// The prefix of the names of drafts of `final`; truncated if names would get too long.
  private static func stem(of final: String) -> String {
    var name = final.lastPathName
    while name.utf8.count > 200 { name.removeLast() }
    return name + mark
  }

  private static func inside(_ folder: String, _ name: String) -> String {
    folder == "." ? name : folder == "/" ? "/" + name : folder + "/" + name
  }

  /// Removes the drafts in a folder that no process holds any more, if `suits` accepts their names.
  static func removeAbandoned(in folder: String, where suits: (String) -> Bool = { _ in true }) {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch { return }
    for name in names where isDraft(name) && suits(name) {
      let path = inside(folder, name)
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
        [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT),
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
      else { continue }
      remove(path)
    }
  }

  /// Whether a name ends like a draft's: with the mark, a process number and perhaps a counter.
  private static func isDraft(_ name: String) -> Bool {
    guard let mark = name.range(of: mark, options: .backwards) else { return false }
    let parts = name[mark.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
    return 1...2 ~= parts.count
      && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
  }

  private static func remove(_ path: String) {
    if unlink(path) == 0 { return }
    // A leftover that cannot be removed takes space but does no harm.
    do { try FileManager.default.removeItem(atPath: path) } catch {}
  }
}
