import Evaluation
import Storage
import Torch

/// Queries in the form that searches read.
struct Queries {
  /// `[N, dimension]`, row after row.
  let numbers: [Float]
  let count: Int
  private let dimension: Int

  /// - Throws: `ValueError` when the shape does not match the store or a number is not finite.
  init(_ queries: Tensor, for store: VectorStore) throws {
    guard queries.dimensionCount == 2, queries.size(along: 1) == store.dimension else {
      throw ValueError(
        "query", reason: "queries of shape \(queries.shape)",
        expected: "[queries, \(store.dimension)], as in the index")
    }
    count = queries.size(along: 0)
    dimension = store.dimension
    var numbers = queries.converted(to: .float32).array(of: Float.self)
    if let place = numbers.firstIndex(where: { !(abs($0) <= VectorScalar.limit) }) {
      throw ValueError(
        "query", reason: "query \(place / dimension) has the number \(numbers[place])",
        expected: "numbers up to \(VectorScalar.limit)")
    }
    if store.metric == .cosine {
      for row in 0..<count {
        VectorStore.normalize(&numbers, row * dimension..<(row + 1) * dimension)
      }
    }
    self.numbers = numbers
  }

  /// The queries as a tensor.
  var tensor: Tensor { Tensor(numbers, shape: [count, dimension]) }

  /// The largest error of a float32 inner product of query `query`.
  ///
  /// A sum of n products in any order is off by at most (n + 2) 2⁻²⁴ Σ |qᵢxᵢ| ≤ (n + 2) 2⁻²⁴ ‖q‖‖x‖
  /// to first order; this is twice that, and a little more for the scale and the bias.
  func margin(of query: Int, in store: VectorStore) -> Double {
    let squares = numbers[query * dimension..<(query + 1) * dimension]
      .reduce(0.0) { $0 + Double($1) * Double($1) }
    let size = squares.squareRoot() * Double(store.largest.norm) + Double(store.largest.bias)
    // Numbers that underflow are lost entirely.
    let underflow = Double(dimension) * Double(Float.leastNormalMagnitude)
    return Double(dimension + 16) * 0x1p-23 * size + underflow
  }

  /// Ranks the rows found for each query by exact scores.
  func ranking(of found: [ArraySlice<Int32>], in store: VectorStore, k: Int) throws -> TopK {
    var result = TopK(k: k)
    try numbers.withUnsafeBufferPointer { numbers in
      for (query, rows) in found.enumerated() {
        var best = RunningTopK(k: k, margin: 0, scoreScale: store.scoreScale)
        if let base = numbers.baseAddress {
          for row in rows.sorted() {
            best.insert(
              row, product: store.rows.score(ofRow: Int(row), for: base + query * dimension))
          }
        }
        try best.append(to: &result)
      }
    }
    return result
  }
}
