import Foundation
import Training

/// Tells whether the files of a run are still those that were there before.
///
/// Two stamps are equal when every file of the model lies where it lay, with the same size and the
/// same times. Whoever writes a file, in place or by renaming another over it, changes one of them.
struct RunStamp: Hashable, Sendable {
  private struct File: Hashable {
    var name: String
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var seconds: Int
    var nanoseconds: Int
  }

  private var files: [File] = []

  /// Looks at a run's files; those that are not there leave no trace.
  init(_ folder: RunFolder) {
    let own = [
      folder.configuration, folder.dataset, folder.labels, folder.counts, folder.vocabulary,
      folder.model, folder.labelEmbeddings, folder.record, folder.path + "/calibration.json",
    ]
    for path in own + Self.files(in: folder.path + "/transformer") {
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      files.append(
        File(
          name: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
          size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
          nanoseconds: status.st_mtim.tv_nsec))
    }
  }

  private static func files(in folder: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    return (names ?? []).sorted().map { folder + "/" + $0 }
  }
}
