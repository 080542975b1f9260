import Foundation

/// A read-only array of plain values in memory or in a memory-mapped file.
///
/// Reading an element of a mapped array touches only the page that holds it, so a matrix larger
/// than memory costs no more than the rows in use. Copies share the storage.
public struct MappedArray<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, Sendable {
  /// Keeps the memory alive, and frees it at the end.
  private final class Storage: @unchecked Sendable {
    let base: UnsafeRawPointer
    let release: @Sendable () -> Void

    init(base: UnsafeRawPointer, release: @escaping @Sendable () -> Void) {
      self.base = base
      self.release = release
    }
    deinit { release() }
  }

  private let storage: Storage
  private let offset: Int
  /// The number of elements.
  public let count: Int

  /// Copies `elements` into new memory.
  public init(_ elements: some Collection<Element>) {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(
      capacity: Swift.max(elements.count, 1))
    let end = buffer.initialize(fromContentsOf: elements)
    nonisolated(unsafe) let base = UnsafeMutableRawPointer(buffer.baseAddress!)
    storage = Storage(base: UnsafeRawPointer(base)) { base.deallocate() }
    offset = 0
    count = end
  }

  /// A view of `count` elements of a mapped file, starting at `byteOffset`.
  ///
  /// - Throws: `InputError` when the range is not inside the file or not aligned for
  ///   `Element`.
  public init(_ file: MappedFile, byteOffset: Int, count: Int) throws {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard byteOffset >= 0, count >= 0, !overflow, byteOffset <= file.count,
      bytes <= file.count - byteOffset
    else {
      throw InputError(
        file: file.path,
        reason: "the array at byte \(byteOffset) of \(count) elements does not fit",
        expected: "a file of at least that size; it has \(file.count) bytes")
    }
    guard (Int(bitPattern: file.base) + byteOffset) % MemoryLayout<Element>.alignment == 0 else {
      throw InputError(
        file: file.path, reason: "the array at byte \(byteOffset) is not aligned",
        expected: "a multiple of \(MemoryLayout<Element>.alignment)")
    }
    storage = Storage(base: file.base + byteOffset) { withExtendedLifetime(file) {} }
    offset = 0
    self.count = count
  }

  private init(storage: Storage, offset: Int, count: Int) {
    self.storage = storage
    self.offset = offset
    self.count = count
  }

  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { count }

  /// The element at `position`.
  public subscript(position: Int) -> Element {
    precondition(position >= 0 && position < count, "index \(position) is outside 0..<\(count)")
    // Without this, the compiler may free the memory between taking its address and the read.
    return withExtendedLifetime(storage) {
      (storage.base.assumingMemoryBound(to: Element.self) + offset)[position]
    }
  }

  /// The elements of `bounds` as an array with indices from 0; nothing is copied.
  public func rows(_ bounds: Range<Int>) -> MappedArray {
    precondition(
      bounds.lowerBound >= 0 && bounds.upperBound <= count, "\(bounds) is outside 0..<\(count)")
    return MappedArray(storage: storage, offset: offset + bounds.lowerBound, count: bounds.count)
  }

  /// Calls `body` with the elements as one contiguous buffer.
  public func withUnsafeBufferPointer<R>(
    _ body: (UnsafeBufferPointer<Element>) throws -> R
  ) rethrows -> R {
    try withExtendedLifetime(storage) {
      try body(
        UnsafeBufferPointer(
          start: storage.base.assumingMemoryBound(to: Element.self) + offset, count: count))
    }
  }

  /// Lets standard-library algorithms access the memory directly.
  public func withContiguousStorageIfAvailable<R>(
    _ body: (UnsafeBufferPointer<Element>) throws -> R
  ) rethrows -> R? {
    try withUnsafeBufferPointer(body)
  }
}

extension MappedArray: Equatable where Element: Equatable {
  /// Whether both hold the same elements, regardless of where they are stored.
  public static func == (left: MappedArray, right: MappedArray) -> Bool {
    left.elementsEqual(right)
  }
}
