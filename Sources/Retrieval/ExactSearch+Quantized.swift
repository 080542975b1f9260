import Storage
import Torch

extension ExactSearch {
  /// An exact search with a first pass over eight-bit codes of the vectors, which it computes.
  ///
  /// The codes bound every score from both sides. Only vectors whose upper bound reaches the k-th best
  /// lower bound are compared exactly: some ten to a hundred of a million. Results are those of a
  /// search without codes, in a fraction of the time and with a quarter of the memory traffic.
  ///
  /// - Parameter threads: the number of threads for the codes; nil means as many as there are
  ///   processors.
  /// - Throws: `SearchError` when the search library is missing, or vectors have more than 32,768
  ///   numbers.
  public static func quantized(_ store: VectorStore, threads: Int? = nil) throws -> ExactSearch {
    let threads = threads ?? MachineShare.current.processors
    return try ExactSearch(store, codes: RowCodes(store.rows, threads: threads))
  }

  /// Maps the vectors of a file, and their codes if there are any; a graph in it is ignored.
  ///
  /// - Parameter verifying: whether to verify the checksums of vectors and codes, which reads both.
  /// - Throws: `FileError` when it cannot be opened; `InputError` when it is not an index or is
  ///   damaged; `SearchError` when it has codes and the search library is missing.
  public init(path: String, verifying: Bool = true) throws {
    let content = try IndexFile.read(path, verifying: verifying)
    let store = content.store
    try self.init(
      store, codes: content.codes.map { try RowCodes(store.rows, content.file, $0) })
  }

  /// Writes the vectors, and their codes if there are any, to one file, atomically.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public func write(to path: String) throws {
    try withExtendedLifetime(codes) {
      try IndexFile.write(store, extra: codes.map { .codes($0.bytes) }, to: path)
    }
  }

  /// The memory of the codes in bytes; nil if there are none.
  public var codeBytes: Int? { codes?.bytes.count }

  /// The instructions that multiply codes in searches; nil without codes, and where blocks of float32 are
  /// faster.
  ///
  /// - Throws: `SearchError` when the search library is missing.
  public var codeInstructions: SearchInstructions? {
    get throws(SearchError) {
      guard codes != nil else { return nil }
      if let instructions { return instructions }
      let best = try SearchInstructions.best
      return best == .portable ? nil : best
    }
  }

  /// The best `k` of the queries by a first pass over the codes; nil where it ruled out too few
  /// vectors.
  func quantizedBest(
    _ k: Int, of queries: Queries, by codes: RowCodes, with instructions: SearchInstructions
  ) throws -> [RunningTopK?] {
    let threads = Runtime.threadCount
    let empty = RunningTopK(k: k, margin: 0, scoreScale: store.scoreScale)
    var results = [RunningTopK?](repeating: nil, count: queries.count)
    // Candidates of this many queries are in memory at once.
    let width = queryBlock * threads
    try results.withUnsafeMutableBufferPointer { results in
      let results = results
      for start in stride(from: 0, to: queries.count, by: width) {
        try codes.findCandidates(
          of: queries, start..<min(start + width, queries.count), in: store.rows, k: k,
          threads: threads, instructions: instructions
        ) { query, rows in
          guard let rows else { return }
          var result = empty
          queries.numbers.withUnsafeBufferPointer { numbers in
            let numbers = numbers.baseAddress! + query * store.dimension
            for row in rows {
              result.insert(row, product: store.rows.score(ofRow: Int(row), for: numbers))
            }
          }
          results[query] = result
        }
      }
    }
    return results
  }
}
