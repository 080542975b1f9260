import CSearch
import Foundation
import Storage

/// A graph of neighbours over the rows of a table; see Sources/CSearch.
///
/// Several searches may run at once, but nothing else at the same time.
final class Graph: @unchecked Sendable {
  private let handle: cs_graph
  /// The file of a borrowed graph.
  private let file: MappedFile?

  /// An empty graph.
  init(connectivity: Int) throws {
    try SearchLibrary.load()
    var made: cs_graph?
    try SearchError.check(cs_graph_new(Int64(connectivity), &made))
    guard let made else { throw SearchError(message: "the search library created no graph") }
    handle = made
    file = nil
  }

  /// Opens the graph in `range` of a file.
  ///
  /// - Parameter borrowing: uses the mapped bytes directly, for searches only; otherwise copies
  ///   them.
  init(_ file: MappedFile, _ range: Range<Int>, borrowing: Bool) throws {
    try SearchLibrary.load()
    var made: cs_graph?
    let code = file.withBytes { bytes in
      cs_graph_open(bytes.baseAddress! + range.lowerBound, range.count, borrowing ? 1 : 0, &made)
    }
    guard code == 0, let made else {
      throw InputError(
        file: file.path,
        reason: "the graph cannot be read: " + String(cString: cs_last_error()),
        expected: "a graph written by this version of the search library")
    }
    handle = made
    self.file = borrowing ? file : nil
  }

  deinit { cs_graph_free(handle) }

  var isBorrowed: Bool { file != nil }
  var count: Int { Int(cs_graph_count(handle)) }
  var connectivity: Int { Int(cs_graph_connectivity(handle)) }
  var memory: Int { Int(cs_graph_memory(handle)) }

  /// Adds the rows that are not in it yet, reporting progress now and then.
  func grow(
    to rows: VectorRows, breadth: Int, threads: Int, reporting report: (Int) -> Void = { _ in }
  ) throws {
    repeat {
      let next = min(count + 20_000, rows.count)
      try rows.withTable { table in
        try SearchError.check(
          cs_graph_grow(handle, table, Int64(next), Int64(breadth), Int32(threads)))
      }
      report(count)
    } while count < rows.count
  }

  /// The rows found for each query, ordered by approximate scores.
  func search(
    _ queries: Queries, in rows: VectorRows, hasRemoved: Bool, k: Int, breadth: Int, threads: Int
  ) throws -> [ArraySlice<Int32>] {
    var places = [Int32](repeating: 0, count: queries.count * k)
    var scores = [Float](repeating: 0, count: queries.count * k)
    var found = [Int32](repeating: 0, count: queries.count)
    try rows.withTable {
      try SearchError.check(
        cs_graph_search(
          handle, $0, hasRemoved ? 1 : 0, queries.numbers, Int64(queries.count), Int64(k),
          Int64(breadth), Int32(threads), &places, &scores, &found))
    }
    return found.enumerated().map { query, count in
      places[query * k..<query * k + Int(count)]
    }
  }

  /// The bytes that `init(_:_:borrowing:)` reads.
  func bytes() throws -> UnsafeMutableRawBufferPointer {
    final class Target {
      let bytes: UnsafeMutableRawBufferPointer
      var position = 0
      init(_ count: Int) { bytes = .allocate(byteCount: count, alignment: 64) }
    }
    let target = Target(Int(cs_graph_length(handle)))
    let code = cs_graph_save(
      handle,
      { piece, count, context in
        let target = Unmanaged<Target>.fromOpaque(context!).takeUnretainedValue()
        guard count <= target.bytes.count - target.position else { return 0 }
        if let piece {
          (target.bytes.baseAddress! + target.position).copyMemory(from: piece, byteCount: count)
        }
        target.position += count
        return 1
      }, Unmanaged.passUnretained(target).toOpaque())
    guard code == 0, target.position == target.bytes.count else {
      target.bytes.deallocate()
      try SearchError.check(code)
      throw SearchError(message: "the graph has \(target.position) bytes, not as many as reported")
    }
    return target.bytes
  }
}
