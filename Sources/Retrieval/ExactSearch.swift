import Dispatch
public import Evaluation
import Foundation
public import Torch

/// Finds the best vectors for queries by comparing each query with all of them.
///
/// Blocks of queries are multiplied with blocks of vectors, and of each block the best k are kept: the
/// memory is that of one block's scores, never of all of them. What is found does not depend on the
/// sizes of the blocks nor on the number of threads (`Runtime.threadCount`): scores are those of a sum
/// in double precision, rounded once; equal ones rank by rising row.
public struct ExactSearch: Sendable {
  /// What is searched.
  public let store: VectorStore
  /// How many queries go into a block.
  public var queryBlock: Int
  /// How many vectors go into a block.
  public var vectorBlock: Int

  /// Searches `store`.
  ///
  /// - Precondition: the blocks hold at least one.
  public init(_ store: VectorStore, queryBlock: Int = 256, vectorBlock: Int = 4096) {
    precondition(queryBlock >= 1 && vectorBlock >= 1, "blocks of \(queryBlock) x \(vectorBlock)")
    self.store = store
    self.queryBlock = queryBlock
    self.vectorBlock = vectorBlock
  }

  /// The best `k` vectors of each query, best first; fewer where there are fewer.
  ///
  /// - Parameter queries: `[N, dimension]`, of any float type.
  /// - Returns: rows of the store as labels; `store.id(ofRow:)` names them.
  /// - Throws: `InputError` when the shape does not fit or a number is not finite; `TorchError`.
  /// - Precondition: `k` ≥ 1.
  /// - Complexity: O(N · rows · dimension) time, O(queryBlock · vectorBlock) memory.
  public func callAsFunction(_ queries: Tensor, k: Int) throws -> TopK {
    let prepared = try Queries(queries, for: store)
    var result = TopK(k: k)
    for start in stride(from: 0, to: prepared.count, by: queryBlock) {
      let block = start..<min(start + queryBlock, prepared.count)
      for best in try checked({ try search(prepared, block, k: min(k, max(store.count, 1))) }) {
        try best.append(to: &result)
      }
    }
    return result
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
        // oneDNN, which multiplies larger blocks, is a hundred times slower where rows lie apart.
        let (vectors, biases) = try rows.tensors(range, packed: block.count >= 16)
        let scores = left.productWithTransposed(vectors, bias: biases)
        scores.withUnsafeBytes { bytes in
          let scores = bytes.bindMemory(to: Float.self)
          // Empty where libtorch has refused; `checked` tells.
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

  /// Calls `body` with parts of `0 ..< count`, as many as there are threads, at once.
  private static func inParts(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = min(Runtime.threadCount, count)
    guard parts > 1 else { return body(0..<count) }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      body(count * part / parts..<count * (part + 1) / parts)
    }
  }
}

extension VectorRows {
  /// The vectors and biases of some rows in float32: `[rows, dimension]`, of unit stride, and `[rows]`.
  ///
  /// - Parameter packed: whether the vectors of float32 are copied to lie one behind the other.
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
    // oneDNN reads a bias as if its numbers lay one behind the other.
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
