import CTorch
import Foundation

/// A folder that appears under its name only when all its files are there.
///
/// Files go to `draft`, a folder beside the final one, which gets the name in one step. What a killed
/// writer leaves is removed by the next one of the same folder. A link is followed.
public final class AtomicFolder {
  /// The final name.
  public let path: String
  /// The folder to fill.
  public var draft: String { held.path }
  private let place: String
  private let held: Draft
  private var isCommitted = false

  /// Makes the draft, and the folders above it.
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

  /// Gives the draft its name.
  ///
  /// - Parameter isReplacing: whether a folder of that name goes away with all that is in it; where it
  ///   must not, only an empty one is replaced.
  /// - Throws: `FileError`; `InputError` as `AtomicFile.commit`.
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
    if ct_exchange_names(draft, place) == 0 {
      isCommitted = true
      // What is now called the draft is the old folder.
      held.remove()
      return
    }
    guard [EINVAL, ENOSYS, ENOTSUP].contains(errno) else { throw failure(errno) }
    // There is no folder of this name for an instant; `recoverReplaced` helps who is killed in it.
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

  /// Where a writer was killed between the two steps of an exchange: takes the first one back, or
  /// finishes what comes after the second.
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

/// A folder in the system's temporary one that is gone with the object; what a killed process leaves
/// is removed by the next one that makes a folder of the same name.
public final class ScratchFolder {
  /// The folder's path, which only the owner can enter.
  public var path: String { held.path }
  private let held: Draft

  /// Makes a folder whose name begins with `name`.
  ///
  /// - Throws: `FileError`.
  public init(_ name: String) throws {
    held = try Draft(of: NSTemporaryDirectory() + "/" + name, .folder(mode: 0o700))
  }

  deinit { held.remove() }
}
