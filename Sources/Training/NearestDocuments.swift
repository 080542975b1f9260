import Storage
import Torch

/// Finds the documents with the most similar embeddings by cosine, by exact comparison.
struct NearestDocuments {
  /// The number of documents to find.
  let count: Int

  /// The nearest documents to each query.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - documents: `[M, D]`.
  /// - Returns: `[N, M]`; each row's columns nearest first, with cosines as values.
  /// - Complexity: O(N · M · D) time, in blocks of about 64 MB.
  func callAsFunction(of queries: Tensor, among documents: Tensor) throws -> CSRMatrix {
    let (rows, width) = (queries.size(along: 0), documents.size(along: 0))
    let known = documents.normalized().transposed().contiguous()
    let unit = queries.normalized()
    let kept = min(count, width)
    var columns: [Int32] = []
    var values: [Float] = []
    columns.reserveCapacity(rows * kept)
    values.reserveCapacity(rows * kept)
    let height = max(1, min(1024, (1 << 24) / max(1, width)))
    for start in stride(from: 0, to: rows, by: height) {
      let block = unit.slice(start..<min(start + height, rows), along: 0)
      let (cosines, places) = block.matmul(known).largest(kept, along: 1)
      columns += places.array(of: Int64.self).map(Int32.init)
      values += cosines.array(of: Float.self)
    }
    return CSRMatrix(
      rowOffsets: MappedArray((0...rows).map { Int64($0 * kept) }),
      columns: MappedArray(columns), values: MappedArray(values), columnCount: width)
  }
}
