import Foundation
import Storage

/// Folder operations that throw `FileError`, like those on files.
enum Folder {
  /// Creates the folder `path` and its missing parents, unless it exists.
  static func make(_ path: String) throws { try makeFolder(path) }

  /// Removes the file or folder `path` with its contents, if it exists.
  static func removeIfPresent(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    try naming(path, "remove") { try FileManager.default.removeItem(atPath: path) }
  }

  /// The names in the folder `path`; one empty name if it is not a folder, nil if it does not
  /// exist.
  static func names(_ path: String) throws -> [String]? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    guard isFolder.boolValue else { return [""] }
    return try naming(path, "list") { try FileManager.default.contentsOfDirectory(atPath: path) }
  }

  /// A number that changes with any byte of the files.
  static func contentHash(_ paths: [String]) throws -> UInt64 {
    try paths.map { try MappedFile(path: $0).withBytes(XXHash64.hash) }
      .withUnsafeBytes { XXHash64.hash($0) }
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
