import CFiles
import Foundation
import Synchronization

/// The bytes of a file, read-only, for the lifetime of the object.
///
/// Small files are copied when opened, so later changes to the file have no effect. Large ones are
/// mapped: opening them costs nothing, but writes by other processes become visible, and reading
/// pages that another process cuts off fails. `checkUnchanged` and `FileGuard` detect both.
/// Replacing a file by renaming another over it, as `AtomicFile` does, leaves the bytes unchanged.
///
/// Pipes, devices and other files without a size are read to their end, so that `<(command)`,
/// `/dev/stdin` and `/dev/null` work like any other file.
public final class MappedFile: @unchecked Sendable {
  /// The path that was opened.
  public let path: String
  /// The size in bytes.
  public let count: Int
  /// The first byte, aligned to a memory page.
  public let base: UnsafeRawPointer
  private let capacity: Int
  /// The open file that the memory maps; nil for a copy.
  private let source: Source?

  /// The default size up to which a file is copied rather than mapped: 16 MiB.
  public static let copyLimit = 1 << 24
  /// The environment variable `DECANT_COPY_LIMIT`, in bytes; it overrides the callers' limits.
  private static let environmentLimit = ProcessInfo.processInfo.environment["DECANT_COPY_LIMIT"]
    .flatMap(Int.init)

  /// Opens the file at `path`.
  ///
  /// - Parameter limit: the largest file that is copied, unless `DECANT_COPY_LIMIT` overrides it.
  /// - Throws: `FileError` when the file cannot be opened or read; `InputError` when it changes
  ///   meanwhile.
  public convenience init(path: String, copyingUpTo limit: Int = MappedFile.copyLimit) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, action: "open", code: errno) }
    try self.init(descriptor: descriptor, path: path, copyingUpTo: limit)
  }

  /// Reads an open file from its beginning and takes ownership of the descriptor.
  ///
  /// - Parameter path: the path to name in errors.
  package init(
    descriptor: Int32, path: String, copyingUpTo limit: Int = MappedFile.copyLimit
  ) throws {
    self.path = path
    var keepsOpen = false
    defer { if !keepsOpen { close(descriptor) } }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileError(path: path, action: "examine", code: errno)
    }
    let size = Int(status.st_size)
    switch status.st_mode & S_IFMT {
    case S_IFDIR: throw FileError(path: path, action: "read", code: EISDIR)
    case S_IFREG where size > max(Self.environmentLimit ?? limit, 0):
      guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
        address != MAP_FAILED
      else { throw FileError(path: path, action: "map", code: errno) }
      base = UnsafeRawPointer(address)
      (count, capacity) = (size, size)
      let source = Source(descriptor, FileStamp(status), path)
      self.source = source
      keepsOpen = true
      Self.live.add(source, at: base, count: size)
    default:
      // A file without a size, such as a pipe or a file of /proc, is read until its end.
      let memory = try FileContent(
        of: descriptor, path: path,
        expecting: status.st_mode & S_IFMT == S_IFREG && size > 0 ? size : nil)
      guard memory.expected == nil || FileStamp(descriptor: descriptor) == FileStamp(status) else {
        memory.release()
        throw Source.change(of: path)
      }
      (base, count, capacity) = (UnsafeRawPointer(memory.base), memory.count, memory.capacity)
      source = nil
    }
  }

  deinit {
    if let source {
      Self.live.remove(at: base)
      close(source.descriptor)
    }
    munmap(UnsafeMutableRawPointer(mutating: base), capacity)
  }

  /// All bytes of the file; valid while the object lives.
  ///
  /// The compiler may end an object's life after its last use, and using these bytes does not
  /// count: prefer `withBytes` unless something else holds the object.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Calls `body` with all bytes of the file and keeps the object alive during the call.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try body(bytes) }
  }

  /// Returns the memory of a mapped file to the system.
  ///
  /// The page cache still has the pages, which are mapped again when read. A copy is kept.
  package func releasePages() {
    guard source != nil else { return }
    madvise(UnsafeMutableRawPointer(mutating: base), count, MADV_DONTNEED)
  }

  /// Checks that the file has not been written to since it was opened; a copy always passes.
  ///
  /// Data read before a successful check is the file's content at the time it was opened.
  ///
  /// - Throws: `InputError` when the file has been modified.
  public func checkUnchanged() throws { try source?.check() }

  /// Calls `checkUnchanged` for every file that is currently mapped.
  static func checkAll() throws { try live.check() }

  /// The files that this process has mapped.
  private static let live = LiveMappings()
}

/// An open mapped file and its state when it was opened.
private struct Source {
  let descriptor: Int32
  let stamp: FileStamp
  let path: String

  init(_ descriptor: Int32, _ stamp: FileStamp, _ path: String) {
    (self.descriptor, self.stamp, self.path) = (descriptor, stamp, path)
  }

  func check() throws {
    // The open file's stamp, not that of its path: a file renamed over it is a different one.
    guard FileStamp(descriptor: descriptor) == stamp else { throw Self.change(of: path) }
  }

  static func change(of path: String) -> InputError {
    InputError(
      file: path, reason: "it was changed while it was being used",
      expected: "a file that is not modified, or replaced by renaming another over it")
  }
}

/// A process's mapped files, for checking them all and for the handler of lost pages.
private final class LiveMappings: Sendable {
  private struct Entry: @unchecked Sendable {
    var source: Source
    var note: UnsafeMutableRawPointer?
  }

  private let entries = Mutex<[UInt: Entry]>([:])

  func add(_ source: Source, at base: UnsafeRawPointer, count: Int) {
    let entry = Entry(source: source, note: cf_mapping_begin(base, count, source.path))
    entries.withLock { $0[UInt(bitPattern: base)] = entry }
  }

  func remove(at base: UnsafeRawPointer) {
    let entry = entries.withLock { $0.removeValue(forKey: UInt(bitPattern: base)) }
    cf_mapping_end(entry?.note)
  }

  func check() throws {
    try entries.withLock { for entry in $0.values { try entry.source.check() } }
  }
}
