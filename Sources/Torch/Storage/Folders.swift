import Foundation

/// Makes the folder `path` and those above it; it may be there already.
///
/// - Throws: `FileError` with the system's reason.
public func makeFolder(_ path: String) throws {
  func isThere() -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
  // Looked at first: a folder in one that cannot be written is there all the same.
  if isThere() || mkdir(path, 0o777) == 0 { return }
  var code = errno
  if code == ENOENT, !path.isEmpty, path.parentFolder != path {
    try makeFolder(path.parentFolder)
    if mkdir(path, 0o777) == 0 { return }
    code = errno
  }
  // Somebody else may have been faster.
  guard isThere() else { throw FileError(path: path, action: "make the folder", code: code) }
}

/// Removes what killed writers have left in `folder`; drafts of living ones stay.
public func removeAbandonedDrafts(in folder: String) { Draft.removeAbandoned(in: folder) }

/// A new name is durable only once its folder is.
func makeFolderDurable(_ path: String) {
  let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard folder >= 0 else { return }
  fsync(folder)
  close(folder)
}
