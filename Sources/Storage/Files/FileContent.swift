import Foundation

/// A private, read-only copy of an open file's content.
struct FileContent {
  let base: UnsafeMutableRawPointer
  let count: Int
  /// The bytes of memory reserved, at least a page.
  let capacity: Int
  /// The size that the system reported for the file.
  let expected: Int?

  /// Reads from the beginning, if the file can seek, to the end or to the expected size.
  ///
  /// - Throws: `FileError`.
  init(of descriptor: Int32, path: String, expecting expected: Int?) throws {
    var capacity = max(expected ?? 1 << 16, 1)
    var base = try Self.memory(capacity, path: path)
    var count = 0
    lseek(descriptor, 0, SEEK_SET)
    while count < expected ?? .max {
      if count == capacity {
        // Double the size each time, so that reading takes linear time.
        let larger = try Self.memory(2 * capacity, path: path)
        larger.copyMemory(from: base, byteCount: count)
        munmap(base, capacity)
        (base, capacity) = (larger, 2 * capacity)
      }
      let length = read(descriptor, base + count, capacity - count)
      guard length >= 0 else {
        if errno == EINTR { continue }
        let code = errno
        munmap(base, capacity)
        throw FileError(path: path, action: "read", code: code)
      }
      if length == 0 { break }
      count += length
    }
    mprotect(base, capacity, PROT_READ)
    (self.base, self.count, self.capacity, self.expected) = (base, count, capacity, expected)
  }

  func release() { munmap(base, capacity) }

  private static func memory(_ count: Int, path: String) throws -> UnsafeMutableRawPointer {
    let address = mmap(
      nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else {
      throw FileError(path: path, action: "read", code: errno)
    }
    return address
  }
}
