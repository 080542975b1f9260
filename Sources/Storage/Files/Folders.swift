import Foundation

/// Creates the folder `path` and its missing parents, unless it exists.
///
/// - Throws: `FileError` with the system's error.
public func makeFolder(_ path: String) throws {
  func isThere() -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
  // Checked first: `mkdir` of an existing folder fails differently if its parent is read-only.
  if isThere() || mkdir(path, 0o777) == 0 { return }
  var code = errno
  if code == ENOENT, !path.isEmpty, path.parentFolder != path {
    try makeFolder(path.parentFolder)
    if mkdir(path, 0o777) == 0 { return }
    code = errno
  }
  // Another process may have created it meanwhile.
  guard isThere() else { throw FileError(path: path, action: "create the folder", code: code) }
}

/// Removes the leftovers of killed writers in `folder`; drafts of running ones stay.
public func removeAbandonedDrafts(in folder: String) { Draft.removeAbandoned(in: folder) }

/// Flushes a folder to disk: only then is a new name in it durable.
func makeFolderDurable(_ path: String) {
  let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard folder >= 0 else { return }
  fsync(folder)
  close(folder)
}
