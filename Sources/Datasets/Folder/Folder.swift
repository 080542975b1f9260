import Foundation
import Torch

/// Folder operations whose faults are `FileError`s, like those of files.
enum Folder {
  /// Makes the folder `path` and those above it; it may be there already.
  static func make(_ path: String) throws { try makeFolder(path) }

  /// Removes the file or folder `path` with all that it holds.
  static func removeIfPresent(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    try naming(path, "remove") { try FileManager.default.removeItem(atPath: path) }
  }

  /// The names in the folder `path`; one empty name for what is not a folder, nil for nothing.
  static func names(_ path: String) throws -> [String]? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    guard isFolder.boolValue else { return [""] }
    return try naming(path, "list") { try FileManager.default.contentsOfDirectory(atPath: path) }
  }

  private static func naming<R>(
    _ path: String, _ action: String, _ body: () throws -> R
  ) throws -> R {
    do {
      return try body()
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
      let code = cause.domain == NSPOSIXErrorDomain ? Int32(cause.code) : EIO
      throw FileError(path: path, action: action, code: code)
    }
  }
}
