import Foundation

/// A worker's status in memory shared with its supervisor, which can read it even after the worker
/// has died.
final class Status {
  /// The numbers before those of the readers.
  private static let headCount = 4
  private static let perReader = 3
  private let words: UnsafeMutablePointer<UInt64>
  private let size: Int

  /// Opens the file at `path`, or creates it.
  init(path: String) throws {
    size = 8 * (Self.headCount + Self.perReader * Reader.all.count)
    let descriptor = open(path, O_RDWR | O_CREAT, 0o644)
    guard descriptor >= 0, ftruncate(descriptor, size) == 0 else {
      throw POSIXError(.init(rawValue: errno) ?? .EIO)
    }
    defer { close(descriptor) }
    guard
      let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      address != MAP_FAILED
    else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    words = address.bindMemory(to: UInt64.self, capacity: size / 8)
  }

  deinit { munmap(words, size) }

  /// The current case.
  var number: Int {
    get { Int(words[0]) }
    set { words[0] = UInt64(newValue) }
  }
  /// The start of the case, in nanoseconds of the monotonic clock; 0 between cases.
  var begun: UInt64 {
    get { words[1] }
    set { words[1] = newValue }
  }
  /// The peak resident memory, in bytes, over all workers of this file.
  var peakMemory: Int {
    get { Int(words[2]) }
    set { words[2] = UInt64(max(newValue, peakMemory)) }
  }
  /// The longest case so far, in nanoseconds.
  var longest: UInt64 {
    get { words[3] }
    set { words[3] = max(newValue, longest) }
  }

  /// The outcome of a case.
  enum Outcome: Int, CaseIterable {
    /// The file was read without error.
    case accepted
    /// The reader threw one of Decant's errors.
    case refused
    /// The reader threw an internal error that does not name the file.
    case leaked
  }

  func count(_ outcome: Outcome, of reader: Int) -> Int {
    Int(words[place(outcome, reader)])
  }

  func add(_ outcome: Outcome, of reader: Int) { words[place(outcome, reader)] += 1 }

  private func place(_ outcome: Outcome, _ reader: Int) -> Int {
    Self.headCount + Self.perReader * reader + outcome.rawValue
  }
}

/// The monotonic clock in nanoseconds.
func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
