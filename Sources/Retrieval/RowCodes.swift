import CSearch
import Storage

/// Eight-bit codes of a store's rows, for a first pass over all of them; see
/// Sources/CSearch/Interface/codes.h.
///
/// A score computed from codes has a known largest error, so that the pass rules out rows without
/// missing any of the best. Codes need a quarter of the memory of float32 vectors, and integer
/// products of codes a fraction of the time.
final class RowCodes: @unchecked Sendable {
  /// Beyond this, a first pass rules out too few rows to pay.
  static let mostResults = 1024

  let bytes: UnsafeRawBufferPointer
  /// The file that the bytes map; nil for private memory.
  private let file: MappedFile?

  /// Computes the codes of `rows`.
  ///
  /// - Throws: `SearchError` when the search library is missing, or vectors have more than 32,768
  ///   numbers.
  init(_ rows: VectorRows, threads: Int) throws {
    let count = try Self.byteCount(of: rows)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 64), alignment: 64)
    bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count])
    file = nil
    try rows.withTable {
      try SearchError.check(cs_codes_write($0, Int32(threads), memory.baseAddress))
    }
  }

  /// Maps the codes of `rows` in a file.
  ///
  /// - Throws: `InputError` when they do not match the rows; `SearchError` when the search library is
  ///   missing.
  init(_ rows: VectorRows, _ file: MappedFile, _ range: Range<Int>) throws {
    let count = try Self.byteCount(of: rows)
    guard range.count == count else {
      throw InputError(
        file: file.path, reason: "\(range.count) bytes of codes",
        expected: "\(count) for \(rows.count) rows of \(rows.dimension) numbers")
    }
    bytes = UnsafeRawBufferPointer(start: file.base + range.lowerBound, count: count)
    self.file = file
  }

  deinit {
    if file == nil { bytes.deallocate() }
  }

  private static func byteCount(of rows: VectorRows) throws -> Int {
    try SearchLibrary.load()
    var count: Int64 = 0
    try rows.withTable { try SearchError.check(cs_codes_length($0, &count)) }
    return Int(count)
  }

  /// Finds, for each query of `block`, all rows that may be among its best `k`.
  ///
  /// - Parameter receive: called once per query, from several threads, with its number and the rows in
  ///   ascending order; nil if too many rows may be.
  func findCandidates(
    of queries: Queries, _ block: Range<Int>, in rows: VectorRows, k: Int, threads: Int,
    instructions: SearchInstructions, receive: @escaping (Int, UnsafeBufferPointer<Int32>?) -> Void
  ) throws {
    let receiver = Receiver(first: block.lowerBound, receive)
    try queries.numbers.withUnsafeBufferPointer { numbers in
      guard let base = numbers.baseAddress else { return }
      try rows.withTable { table in
        try SearchError.check(
          cs_codes_scan(
            bytes.baseAddress, table, base + block.lowerBound * rows.dimension,
            Int64(block.count), Int64(k), Int32(threads), instructions.rawValue,
            { query, rows, count, context in
              let receiver = Unmanaged<Receiver>.fromOpaque(context!).takeUnretainedValue()
              receiver.receive(
                receiver.first + Int(query),
                count < 0 ? nil : UnsafeBufferPointer(start: rows, count: Int(count)))
            }, Unmanaged.passUnretained(receiver).toOpaque()))
      }
    }
    withExtendedLifetime((self, receiver)) {}
  }

  private final class Receiver {
    let first: Int
    let receive: (Int, UnsafeBufferPointer<Int32>?) -> Void
    init(first: Int, _ receive: @escaping (Int, UnsafeBufferPointer<Int32>?) -> Void) {
      self.first = first
      self.receive = receive
    }
  }
}
