import Foundation

/// Makes the folder `path` and those above it; it may be there already.
///
/// - Throws: `FileError` with the system's own reason.
package func makeFolder(_ path: String) throws {
  guard mkdir(path, 0o777) != 0 else { return }
  var code = errno
  let parent = (path as NSString).deletingLastPathComponent
  if code == ENOENT, !parent.isEmpty, parent != path {
    try makeFolder(parent)
    if mkdir(path, 0o777) == 0 { return }
    code = errno
  }
  var status = stat()
  if code == EEXIST, stat(path, &status) == 0 {
    if status.st_mode & S_IFMT == S_IFDIR { return }
    code = ENOTDIR
  }
  throw FileError(path: path, action: "make the folder", code: code)
}
