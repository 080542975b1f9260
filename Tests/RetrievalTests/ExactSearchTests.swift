import Evaluation
import Retrieval
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ExactSearchTests {
  private static let sample = VectorCase.coarse(301, dimension: 17, queries: 37, seed: 1)

  @Test(arguments: [1, 10, 301, 400])
  func `agrees with loops, ties included`(k: Int) throws {
    let found = try ExactSearch(Self.sample.store())(Self.sample.queryTensor, k: k)
    for query in 0..<37 {
      let (rows, scores) = Self.sample.best(k, of: query)
      #expect(Array(found.labels(ofRow: query)) == rows)
      #expect(Array(found.scores(ofRow: query)) == scores)
    }
  }

  @Test(arguments: VectorScalar.allCases)
  func `is independent of block size and thread count`(scalar: VectorScalar) throws {
    let sample = VectorCase.clustered(500, dimension: 20, centres: 5, queries: 33, seed: 2)
    let store = try sample.store(scalar)
    let expected = try ExactSearch(store)(sample.queryTensor, k: 10, threads: 1)
    // The vectors as read back, compared by loops.
    let kept = (0..<500).map { store.vector(ofRow: $0) }
    for query in 0..<33 {
      #expect(Array(expected.labels(ofRow: query)) == sample.best(10, of: query, among: kept).rows)
    }
    for (queries, vectors, threads) in [(1, 500, 1), (7, 64, 2), (33, 16, 2), (16, 1, 1)] {
      let search = ExactSearch(store, queryBlock: queries, vectorBlock: vectors)
      let found = try search(sample.queryTensor, k: 10, threads: threads)
      #expect(found == expected, "\(queries) \(vectors) \(threads)")
    }
  }

  @Test(arguments: VectorScalar.allCases)
  func `scores stay within the documented bound`(scalar: VectorScalar) throws {
    let sample = VectorCase.clustered(200, dimension: 24, centres: 4, queries: 5, seed: 3)
    let store = try sample.store(scalar)
    let found = try ExactSearch(store)(sample.queryTensor, k: 200)
    for query in 0..<5 {
      let size = sample.queries[query].reduce(0.0) { $0 + abs(Double($1)) }
      for (row, score) in zip(found.labels(ofRow: query), found.scores(ofRow: query)) {
        let vector = sample.vectors[Int(row)]
        let exact = zip(vector, sample.queries[query])
          .reduce(Double(sample.biases[Int(row)])) { $0 + Double($1.0) * Double($1.1) }
        let largest = vector.reduce(0.0) { max($0, abs(Double($1))) }
        let bound =
          switch scalar {
          case .float32: 0.0
          case .float16: size * largest / 2048
          case .int8: size * largest / 254
          }
        #expect(abs(Double(score) - exact) <= bound + 1e-6 * (1 + abs(exact)))
      }
    }
  }

  @Test func `cosine search ignores vector length`() throws {
    let sample = VectorCase(
      vectors: [[3, 0], [0, 0.1], [2, 2], [0, 0]], biases: [0, 0, 0, 0],
      queries: [[0, 7], [0, 0]],
      dimension: 2)
    let found = try ExactSearch(sample.store(metric: .cosine, hasBiases: false))(
      sample.queryTensor, k: 3)
    #expect(Array(found.labels(ofRow: 0)) == [1, 2, 0])
    expectClose(
      found.scores(ofRow: 0).map { Double($0) }, [1, 0.5.squareRoot(), 0], tolerance: 1e-6)
    // A query without a direction is as near to everything.
    #expect(Array(found.labels(ofRow: 1)) == [0, 1, 2])
  }

  @Test func `an empty store finds nothing`() throws {
    var store = VectorStore(dimension: 3)
    let query = Tensor([Float](repeating: 1, count: 3), shape: [1, 3])
    #expect(try ExactSearch(store)(query, k: 5).labels(ofRow: 0).isEmpty)
    try store.add(query, ids: ["only"], biases: nil)
    let found = try ExactSearch(store)(query, k: 5)
    #expect(Array(found.labels(ofRow: 0)) == [0] && Array(found.scores(ofRow: 0)) == [3])
    try store.remove(ids: ["only"])
    #expect(try ExactSearch(store)(query, k: 5).labels(ofRow: 0).isEmpty)
    #expect(try ExactSearch(store)(Tensor.zeros([0, 3]), k: 5).rowCount == 0)
  }

  @Test func `applies score scale and biases`() throws {
    let found = try ExactSearch(Self.sample.store(scoreScale: 8))(Self.sample.queryTensor, k: 4)
    for query in 0..<37 {
      let (rows, scores) = Self.sample.best(4, of: query, scoreScale: 8)
      #expect(Array(found.labels(ofRow: query)) == rows)
      #expect(Array(found.scores(ofRow: query)) == scores)
    }
  }

  @Test func `rejects mismatched and non-finite queries`() throws {
    let search = ExactSearch(try Self.sample.store())
    for (queries, words) in [
      (Tensor.zeros([2, 16]), "[queries, 17]"), (Tensor.zeros([17]), "shape [17]"),
      (Tensor([Float](repeating: .nan, count: 17), shape: [1, 17]), "query 0 has the number nan"),
    ] {
      let error = #expect(throws: ValueError.self) { try search(queries, k: 1) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
  }
}
