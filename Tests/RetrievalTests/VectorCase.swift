import Retrieval
import Storage
import TestSupport
import Torch

/// Vectors and queries drawn for a test, and what is found among them by plain loops.
struct VectorCase {
  var vectors: [[Float]]
  var biases: [Float]
  var queries: [[Float]]
  let dimension: Int

  /// Numbers of a few steps, so that scores are exact in any order of summation and often equal.
  static func coarse(_ count: Int, dimension: Int, queries: Int, seed: UInt64) -> VectorCase {
    var generator = SplitMix64(seed)
    func some(_ count: Int) -> [[Float]] {
      (0..<count).map { _ in (0..<dimension).map { _ in Float(generator.below(5) - 2) / 4 } }
    }
    return VectorCase(
      vectors: some(count), biases: (0..<count).map { _ in Float(generator.below(3)) / 8 },
      queries: some(queries), dimension: dimension)
  }

  /// Vectors around centres, of different lengths.
  static func clustered(
    _ count: Int, dimension: Int, centres: Int, queries: Int, seed: UInt64
  ) -> VectorCase {
    var generator = SplitMix64(seed)
    let middle = (0..<centres).map { _ in generator.doubles(dimension) }
    func some(_ count: Int) -> [[Float]] {
      (0..<count).map { _ in
        let length = 0.5 + generator.doubles(1, in: 0...1)[0]
        return zip(middle[generator.below(centres)], generator.doubles(dimension)).map {
          Float(length * ($0 + 0.5 * $1))
        }
      }
    }
    let vectors = some(count)
    return VectorCase(
      vectors: vectors, biases: generator.doubles(count, in: 0...1).map { Float($0) },
      queries: some(queries), dimension: dimension)
  }

  var queryTensor: Tensor { Tensor(queries.flatMap { $0 }, shape: [queries.count, dimension]) }
  var names: [String] { vectors.indices.map { "row \($0)" } }

  func store(
    _ scalar: VectorScalar = .float32, metric: VectorStore.Metric = .innerProduct,
    scoreScale: Double = 1, hasBiases: Bool = true
  ) throws -> VectorStore {
    var store = VectorStore(
      dimension: dimension, scalar: scalar, metric: metric, scoreScale: scoreScale)
    try store.add(
      Tensor(vectors.flatMap { $0 }, shape: [vectors.count, dimension]), ids: names,
      biases: hasBiases ? Tensor(biases) : nil)
    return store
  }

  /// The best `k` rows and their scores, by loops over doubles and a sort.
  func best(
    _ k: Int, of query: Int, among vectors: [[Float]]? = nil, scoreScale: Double = 1,
    hasBiases: Bool = true
  ) -> (rows: [Int32], scores: [Float]) {
    let vectors = vectors ?? self.vectors
    let scores = vectors.indices.map { row in
      var sum = hasBiases ? Double(biases[row]) : 0
      for (a, b) in zip(vectors[row], queries[query]) { sum += Double(a) * Double(b) }
      return Float(sum * scoreScale)
    }
    let order = vectors.indices.sorted {
      scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
    }.prefix(k)
    return (order.map { Int32($0) }, order.map { scores[$0] })
  }
}
