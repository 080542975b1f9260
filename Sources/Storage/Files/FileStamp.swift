import Foundation

/// The identity and state of a file: replacing it or writing to it changes the stamp.
///
/// Costs one system call and does not read the content. A change that keeps the size and happens in
/// the same tick of the file system's clock (some milliseconds) goes unnoticed.
public struct FileStamp: Hashable, Sendable {
  private var device: UInt64
  private var inode: UInt64
  private var size: Int
  private var seconds: Int
  private var nanoseconds: Int

  /// The stamp of the file at `path`, following links; nil if there is none.
  public init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The stamp of an open file; nil if the system cannot tell.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    // Not the status-change time, which renaming another file over this one updates too.
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }
}
