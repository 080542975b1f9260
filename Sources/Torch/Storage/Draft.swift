import Foundation
import Synchronization

/// A file or folder under a name of its own beside the one it may get, such as `NAME.partial-71-1`.
///
/// The process that made it holds a lock on it, which ends with the process however that ends. A
/// draft that nobody holds is litter: the next draft of the same name removes it.
final class Draft {
  enum Kind { case file, folder(mode: mode_t) }

  private(set) var path: String
  private(set) var descriptor: Int32

  private static let mark = ".partial-"
  private static let number = Atomic<Int>(0)

  /// Makes a draft of what shall be called `final`.
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

  /// Gives the lock back.
  func release() {
    close(descriptor)
    descriptor = -1
  }

  /// Removes the draft with all that is in it.
  func remove() {
    Self.remove(path)
    release()
  }

  /// The descriptor of a new file or folder; -1 where the name was taken, or was taken away again.
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

  /// Takes the lock; no where somebody who took the draft for litter has removed it already.
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

  /// What the names of drafts of `final` begin with; cut where names would get too long.
  private static func stem(of final: String) -> String {
    var name = final.lastPathName
    while name.utf8.count > 200 { name.removeLast() }
    return name + mark
  }

  private static func inside(_ folder: String, _ name: String) -> String {
    folder == "." ? name : folder == "/" ? "/" + name : folder + "/" + name
  }

  /// Removes the drafts in a folder that no process holds any more, of those whose names suit.
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

  /// Whether a name ends as those of drafts do: in the mark, a process and perhaps a number.
  private static func isDraft(_ name: String) -> Bool {
    guard let mark = name.range(of: mark, options: .backwards) else { return false }
    let parts = name[mark.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
    return 1...2 ~= parts.count
      && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
  }

  private static func remove(_ path: String) {
    if unlink(path) == 0 { return }
    // What cannot be removed takes room and does no harm.
    do { try FileManager.default.removeItem(atPath: path) } catch {}
  }
}
