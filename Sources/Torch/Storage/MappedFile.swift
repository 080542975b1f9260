import CTorch
import Foundation
import Synchronization

/// The bytes of a file, read-only, as long as the object lives.
///
/// Small files are copied when they are opened, and a later change of the file is not seen. Large
/// ones are mapped: opening them costs nothing, but what another process writes into the file shows,
/// and pages that it cuts off cannot be read any more. `checkUnchanged` and `FileGuard` find that
/// out. Replacing a file by renaming another over it, as `AtomicFile` does, leaves the bytes alone.
///
/// Pipes, devices and whatever else has no size are read to their end, so that `<(command)`,
/// `/dev/stdin` and `/dev/null` are files like others.
public final class MappedFile: @unchecked Sendable {
  /// The path that was opened.
  public let path: String
  /// The size in bytes.
  public let count: Int
  /// The first byte, aligned to a memory page.
  public let base: UnsafeRawPointer
  private let capacity: Int
  /// Where the bytes are the file's own.
  private let source: Source?

  /// Up to how many bytes a file is copied rather than mapped, where the caller does not say: 16 MiB.
  public static let copyLimit = 1 << 24
  /// The environment variable `DECANT_COPY_LIMIT`, bytes: wins over what callers say.
  private static let environmentLimit = ProcessInfo.processInfo.environment["DECANT_COPY_LIMIT"]
    .flatMap(Int.init)

  /// Opens the file at `path`.
  ///
  /// - Parameter limit: the largest file that is copied, unless `DECANT_COPY_LIMIT` says otherwise.
  /// - Throws: `FileError` when it cannot be opened or read; `InputError` when it is changed
  ///   meanwhile.
  public convenience init(path: String, copyingUpTo limit: Int = MappedFile.copyLimit) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, action: "open", code: errno) }
    try self.init(descriptor: descriptor, path: path, copyingUpTo: limit)
  }

  /// Reads an open file from its beginning and closes it sooner or later.
  ///
  /// - Parameter path: what errors call it.
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
      // What has no size, such as a pipe or a file of /proc, is read until there is no more.
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
  /// The compiler may end the life of an object after its last use, which this is not: prefer
  /// `withBytes` unless something else holds the object.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Calls `body` with all bytes of the file and keeps the object alive meanwhile.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try body(bytes) }
  }

  /// Checks that nobody has written into the file since it was opened; a copy always passes.
  ///
  /// What was read before the check is what the file held when it was opened.
  ///
  /// - Throws: `InputError` when somebody has.
  public func checkUnchanged() throws { try source?.check() }

  /// `checkUnchanged` for every file that is mapped at the moment.
  static func checkAll() throws { try live.check() }

  /// The mapped files of this process.
  private static let live = LiveMappings()
}

/// An open file that is mapped, and what it was when it was opened.
private struct Source {
  let descriptor: Int32
  let stamp: FileStamp
  let path: String

  init(_ descriptor: Int32, _ stamp: FileStamp, _ path: String) {
    (self.descriptor, self.stamp, self.path) = (descriptor, stamp, path)
  }

  func check() throws {
    // Of the open file, not of its path: one that was renamed over it is another.
    guard FileStamp(descriptor: descriptor) == stamp else { throw Self.change(of: path) }
  }

  static func change(of path: String) -> InputError {
    InputError(
      file: path, reason: "it was changed while it was being used",
      expected: "a file that is left alone, or replaced by renaming another over it")
  }
}

/// The mapped files of a process, for checks of them all and for the handler of lost pages.
private final class LiveMappings: Sendable {
  private struct Entry: @unchecked Sendable {
    var source: Source
    var note: UnsafeMutableRawPointer?
  }

  private let entries = Mutex<[UInt: Entry]>([:])

  func add(_ source: Source, at base: UnsafeRawPointer, count: Int) {
    let entry = Entry(source: source, note: ct_mapping_begin(base, count, source.path))
    entries.withLock { $0[UInt(bitPattern: base)] = entry }
  }

  func remove(at base: UnsafeRawPointer) {
    let entry = entries.withLock { $0.removeValue(forKey: UInt(bitPattern: base)) }
    ct_mapping_end(entry?.note)
  }

  func check() throws {
    try entries.withLock { for entry in $0.values { try entry.source.check() } }
  }
}
