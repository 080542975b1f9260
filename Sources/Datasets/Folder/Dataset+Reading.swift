import Foundation

extension Dataset {
  /// Reads `path`, which is a dataset folder or a single file of labelled texts.
  ///
  /// - Throws: the errors of `DatasetFolder.read` and `LabelledTextFile.read`.
  public static func read(_ path: String, badLines: BadLinePolicy = .refuse) throws -> Dataset {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    return isFolder.boolValue
      ? try DatasetFolder.read(path, badLines: badLines)
      : try LabelledTextFile.read(path, badLines: badLines)
  }
}
