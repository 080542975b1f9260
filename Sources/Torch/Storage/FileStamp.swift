import Foundation

/// Which file it was and in which state: replacing a file or writing into it gives another stamp.
///
/// Costs one system call and reads nothing of the content. A change that keeps the size and falls
/// into the same tick of the file system's clock (some milliseconds) is not seen.
public struct FileStamp: Hashable, Sendable {
  private var device: UInt64
  private var inode: UInt64
  private var size: Int
  private var seconds: Int
  private var nanoseconds: Int

  /// The stamp of the file at `path`, links followed; nil where there is none.
  public init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The stamp of an open file; nil where the system does not tell.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    // Not the time of the status change, which renaming another file over this one sets too.
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}
