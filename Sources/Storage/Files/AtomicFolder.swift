import CFiles
import Foundation

/// A folder that appears under its name only once all its files are written.
///
/// Files go to `draft`, a folder next to the final one, which is renamed in one step. The next
/// writer of the same folder removes leftovers of a killed one. A symbolic link is followed.
public final class AtomicFolder {
  /// The final name.
  public let path: String
  /// The folder to fill.
  public var draft: String { held.path }
  private let place: String
  private let held: Draft
  private var isCommitted = false

  /// Creates the draft and all missing parent folders.
  ///
  /// - Throws: `FileError`.
  public init(path: String) throws {
    self.path = path
    if case .some(let resolved) = realpath(path, nil) {
      place = String(cString: resolved)
      free(resolved)
    } else {
      place =
        path.parentFolder == "." ? path.lastPathName : "\(path.parentFolder)/\(path.lastPathName)"
    }
    try makeFolder(place.parentFolder)
    Self.recoverReplaced(place)
    held = try Draft(of: place, .folder(mode: 0o755))
  }

  deinit {
    if !isCommitted { held.remove() }
  }

  /// Renames the draft to the final name.
  ///
  /// - Parameter isReplacing: whether an existing folder may be removed with its contents; if not,
  ///   only an empty one is replaced.
  /// - Throws: `FileError`; `InputError` as for `AtomicFile.commit`.
  public func commit(replacing isReplacing: Bool) throws {
    try FileGuard.checkInputs()
    if rename(draft, place) != 0 {
      guard isReplacing, errno == ENOTEMPTY || errno == EEXIST else { throw failure(errno) }
      try exchange()
    } else {
      isCommitted = true
      held.release()
    }
    makeFolderDurable(place.parentFolder)
  }

  private func exchange() throws {
    if cf_exchange_names(draft, place) == 0 {
      isCommitted = true
      // The draft's path now holds the old folder.
      held.remove()
      return
    }
    guard [EINVAL, ENOSYS, ENOTSUP].contains(errno) else { throw failure(errno) }
    // For an instant there is no folder of this name; `recoverReplaced` repairs a kill at that
    // moment.
    let outgoing = place + Self.outgoingMark + "\(getpid())"
    guard rename(place, outgoing) == 0 else { throw failure(errno) }
    guard rename(draft, place) == 0 else {
      let code = errno
      rename(outgoing, place)
      throw failure(code)
    }
    isCommitted = true
    held.release()
    do { try FileManager.default.removeItem(atPath: outgoing) } catch {}
  }

  private static let outgoingMark = ".old-"

  /// Repairs an exchange whose writer was killed between its two steps: undoes the first step, or
  /// completes the cleanup after the second.
  private static func recoverReplaced(_ place: String) {
    let stem = place.lastPathName + outgoingMark
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: place.parentFolder)
    } catch { return }
    for name in names where name.hasPrefix(stem) {
      guard let writer = pid_t(name.dropFirst(stem.count)), kill(writer, 0) != 0, errno == ESRCH
      else { continue }
      let outgoing = "\(place.parentFolder)/\(name)"
      if rename(outgoing, place) == 0 { continue }
      do { try FileManager.default.removeItem(atPath: outgoing) } catch {}
    }
  }

  private func failure(_ code: Int32) -> FileError {
    FileError(path: path, action: "replace", code: code)
  }
}

/// A temporary folder that is deleted with the object; the next process that creates one of the
/// same name removes leftovers of a killed process.
public final class ScratchFolder {
  /// The folder's path; only its owner can access it.
  public var path: String { held.path }
  private let held: Draft

  /// Creates a folder whose name begins with `name`.
  ///
  /// - Throws: `FileError`.
  public init(_ name: String) throws {
    held = try Draft(of: NSTemporaryDirectory() + "/" + name, .folder(mode: 0o700))
  }

  deinit { held.remove() }
}
