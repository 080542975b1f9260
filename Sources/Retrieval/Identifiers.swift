import Storage

/// The names of rows: those of a mapped file, then those added since.
struct Identifiers: Sendable {
  /// `[mapped names + 1]`: name i is `bytes[offsets[i] ..< offsets[i + 1]]`.
  private var offsets = MappedArray<Int64>([0])
  private var bytes = MappedArray<UInt8>([])
  private var added: [String] = []

  init() {}

  /// - Throws: `InputError` when the offsets do not divide the bytes.
  init(offsets: MappedArray<Int64>, bytes: MappedArray<UInt8>, file: String) throws {
    let isRising = offsets.withUnsafeBufferPointer { offsets in
      offsets.first == 0 && offsets.last == Int64(bytes.count)
        && zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }
    }
    guard isRising else {
      throw InputError(file: file, reason: "the offsets of the rows' names are invalid")
    }
    self.offsets = offsets
    self.bytes = bytes
  }

  var count: Int { offsets.count - 1 + added.count }

  mutating func append(_ name: String) { added.append(name) }

  subscript(row: Int) -> String {
    let mapped = offsets.count - 1
    guard row < mapped else { return added[row - mapped] }
    return String(decoding: bytes.rows(Int(offsets[row])..<Int(offsets[row + 1])), as: UTF8.self)
  }

  /// All names in the form of a file.
  func packed() -> (offsets: [Int64], bytes: [UInt8]) {
    var offsets = Array(offsets)
    var bytes = Array(bytes)
    for name in added {
      bytes.append(contentsOf: name.utf8)
      offsets.append(Int64(bytes.count))
    }
    return (offsets, bytes)
  }
}
