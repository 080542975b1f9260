import Dispatch
public import Evaluation
import Foundation
public import Torch

/// Finds the best vectors for queries by comparing each query with all of them.
///
/// Blocks of queries are multiplied with blocks of vectors, and the best k of each block are kept:
/// memory is needed for one block's scores, never for all. The results do not depend on the block
/// sizes or the number of threads: scores are sums in double precision, rounded once; equal ones are
/// ranked by ascending row.
///
/// `quantized(_:threads:)` gives the same results several times faster.
public struct ExactSearch: Sendable {
  /// The vectors to search.
  public let store: VectorStore
  /// The number of queries per block.
  public var queryBlock: Int
  /// The number of vectors per block.
  public var vectorBlock: Int
  /// The instruction set for codes; nil means the best one of this processor, and blocks of float32 where
  /// that is faster.
  ///
  /// - Precondition: the processor has it.
  public var instructions: SearchInstructions?
  /// Codes of the vectors for a first pass.
  let codes: RowCodes?

  /// Creates a search over `store`.
  ///
  /// - Precondition: the block sizes are at least 1.
  public init(_ store: VectorStore, queryBlock: Int = 256, vectorBlock: Int = 4096) {
    self.init(store, codes: nil, queryBlock: queryBlock, vectorBlock: vectorBlock)
  }

  /// Creates a search with a first pass over the codes of the store's vectors.
  init(
    _ store: VectorStore, codes: RowCodes?, queryBlock: Int = 256, vectorBlock: Int = 4096
  ) {
    precondition(queryBlock >= 1 && vectorBlock >= 1, "blocks of \(queryBlock) x \(vectorBlock)")
    self.store = store
    self.codes = codes
    self.queryBlock = queryBlock
    self.vectorBlock = vectorBlock
  }

  /// The best `k` vectors of each query, best first; fewer if there are fewer.
  ///
  /// - Parameters:
  ///   - queries: `[N, dimension]`, of any float type.
  ///   - k: the maximum number of vectors per query.
  ///   - threads: the number of threads to compute with; nil means as many as the caller's thread
  ///     uses.
  /// - Returns: rows of the store as labels; `store.id(ofRow:)` names them.
  /// - Throws: `ValueError` when the shape is wrong or a number is not finite; `TorchError`;
  ///   `SearchError`.
  /// - Precondition: `k` ≥ 1.
  /// - Complexity: O(N · rows · dimension) time, O(queryBlock · vectorBlock) memory.
  public func callAsFunction(_ queries: Tensor, k: Int, threads: Int? = nil) throws -> TopK {
    try Runtime.withThreads(threads) { try best(k, of: queries) }
  }

  private func best(_ k: Int, of queries: Tensor) throws -> TopK {
    let prepared = try Queries(queries, for: store)
    let wanted = min(k, max(store.count, 1))
    var result = TopK(k: k)
    if let codes, wanted <= RowCodes.mostResults, let instructions = try codeInstructions {
      let found = try quantizedBest(wanted, of: prepared, by: codes, with: instructions)
      for (query, best) in found.enumerated() {
        let best = try best ?? compared(prepared, query..<query + 1, k: wanted)[0]
        try best.append(to: &result)
      }
      return result
    }
    for start in stride(from: 0, to: prepared.count, by: queryBlock) {
      let block = start..<min(start + queryBlock, prepared.count)
      for best in try compared(prepared, block, k: wanted) { try best.append(to: &result) }
    }
    return result
  }

  /// The best rows of some queries, compared with all vectors.
  private func compared(_ queries: Queries, _ block: Range<Int>, k: Int) throws -> [RunningTopK] {
    try checked { try search(queries, block, k: k) }
  }

  private func search(_ queries: Queries, _ block: Range<Int>, k: Int) throws -> [RunningTopK] {
    let rows = store.rows
    var best = block.map {
      RunningTopK(k: k, margin: queries.margin(of: $0, in: store), scoreScale: store.scoreScale)
    }
    try withoutGradients {
      let left = queries.tensor[block]
      for first in stride(from: 0, to: rows.count, by: vectorBlock) {
        let range = first..<min(first + vectorBlock, rows.count)
        // oneDNN, which multiplies larger blocks, is a hundred times slower if rows are not
        // contiguous.
        let (vectors, biases) = try rows.tensors(range, packed: block.count >= 16)
        let scores = left.productWithTransposed(vectors, bias: biases)
        scores.withUnsafeBytes { bytes in
          let scores = bytes.bindMemory(to: Float.self)
          // Empty if a libtorch operator failed; `checked` then throws.
          guard scores.count == block.count * range.count else { return }
          select(scores, queries, block, range, into: &best)
        }
      }
    }
    return best
  }

  private func select(
    _ scores: UnsafeBufferPointer<Float>, _ queries: Queries, _ block: Range<Int>,
    _ range: Range<Int>, into best: inout [RunningTopK]
  ) {
    let rows = store.rows
    queries.numbers.withUnsafeBufferPointer { numbers in
      best.withUnsafeMutableBufferPointer { best in
        nonisolated(unsafe) let best = best
        nonisolated(unsafe) let numbers = numbers
        nonisolated(unsafe) let scores = scores
        Self.inParts(of: block.count) { part in
          for index in part {
            let query = numbers.baseAddress! + (block.lowerBound + index) * store.dimension
            let width = range.count
            best[index].add(
              UnsafeBufferPointer(rebasing: scores[index * width..<(index + 1) * width]),
              from: range.lowerBound
            ) { row in
              rows.isRemoved(row) ? nil : rows.score(ofRow: row, for: query)
            }
          }
        }
      }
    }
  }

  /// Divides `0 ..< count` into as many parts as there are threads and calls `body` with them in
  /// parallel.
  private static func inParts(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = min(Runtime.threadCount, count)
    guard parts > 1 else { return body(0..<count) }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      body(count * part / parts..<count * (part + 1) / parts)
    }
  }
}

extension VectorRows {
  /// Vectors and biases of some rows in float32: `[rows, dimension]`, with unit stride, and
  /// `[rows]`.
  ///
  /// - Parameter packed: whether to copy float32 vectors so that rows are contiguous.
  fileprivate func tensors(
    _ range: Range<Int>, packed: Bool
  ) throws -> (vectors: Tensor, biases: Tensor) {
    let start = UnsafeRawPointer(base + range.lowerBound * stride)
    func view(_ dtype: DType) throws(TorchError) -> Tensor {
      try Tensor(
        borrowing: start, shape: [range.count, stride / dtype.byteCount], dtype: dtype, owner: self)
    }
    func numbers(_ dtype: DType) throws(TorchError) -> Tensor {
      let first = Self.headSize / dtype.byteCount
      return try view(dtype).slice(first..<first + dimension, along: 1)
    }
    let heads = try view(.float32)
    // oneDNN reads a bias as if it were contiguous.
    let biases = heads.slice(1..<2, along: 1).reshaped([range.count]).contiguous()
    switch scalar {
    case .float32:
      let vectors = try numbers(.float32)
      return (packed ? vectors.contiguous() : vectors, biases)
    case .float16: return (try numbers(.float16).converted(to: .float32), biases)
    case .int8:
      return (
        try numbers(.int8).converted(to: .float32) * heads.slice(0..<1, along: 1), biases
      )
    }
  }
}
