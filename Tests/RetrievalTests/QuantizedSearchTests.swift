import Evaluation
import Foundation
import Retrieval
import Storage
import TestSupport
import Testing
import Torch

@Suite(.enabled("needs the search library: run Scripts/setup") { isSearchLibraryThere() })
struct QuantizedSearchTests {
  /// The instruction sets of this processor.
  private static let instructions: [SearchInstructions] = {
    do {
      let best = try SearchInstructions.best
      return SearchInstructions.allCases.filter { $0 <= best }
    } catch {
      return []
    }
  }()

  /// Expects the results of a search without codes, whatever the instructions and threads.
  private func expectExact(_ store: VectorStore, _ queries: Tensor, k: Int) throws {
    let expected = try ExactSearch(store)(queries, k: k, threads: 1)
    var search = try ExactSearch.quantized(store, threads: 2)
    for instructions in Self.instructions {
      search.instructions = instructions
      #expect(try search(queries, k: k, threads: 1) == expected, "k \(k), \(instructions)")
    }
    for threads in [2, 3] {
      #expect(try search(queries, k: k, threads: threads) == expected, "k \(k), \(threads) threads")
    }
  }

  @Test(arguments: VectorScalar.allCases, VectorStore.Metric.allCases)
  func `equals a search without codes`(scalar: VectorScalar, metric: VectorStore.Metric) throws {
    // 260 queries are more than a block; few are shared out by rows.
    for (dimension, queries) in [(20, 260), (64, 1), (70, 33), (128, 5)] {
      let sample = VectorCase.clustered(
        397, dimension: dimension, centres: 5, queries: queries, seed: UInt64(dimension))
      let store = try sample.store(
        scalar, metric: metric, scoreScale: 3, hasBiases: metric == .innerProduct)
      for k in [1, 10] { try expectExact(store, sample.queryTensor, k: k) }
    }
  }

  /// Scores of these vectors are exact and often equal.
  @Test(arguments: [1, 10, 301, 400])
  func `ranks ties by row`(k: Int) throws {
    let sample = VectorCase.coarse(301, dimension: 17, queries: 37, seed: 1)
    try expectExact(sample.store(), sample.queryTensor, k: k)
    let found = try ExactSearch.quantized(sample.store())(sample.queryTensor, k: k)
    for query in 0..<37 {
      let (rows, scores) = sample.best(k, of: query)
      #expect(Array(found.labels(ofRow: query)) == rows)
      #expect(Array(found.scores(ofRow: query)) == scores)
    }
  }

  @Test func `skips removed rows`() throws {
    let sample = VectorCase.clustered(400, dimension: 16, centres: 3, queries: 40, seed: 3)
    var store = try sample.store()
    try store.remove(ids: (0..<350).map { "row \($0)" })
    try expectExact(store, sample.queryTensor, k: 10)
    try expectExact(store, sample.queryTensor, k: 60)
    try store.remove(ids: (350..<400).map { "row \($0)" })
    #expect(try ExactSearch.quantized(store)(sample.queryTensor, k: 3).labels(ofRow: 0).isEmpty)
  }

  /// Vectors of very different lengths, of length 0, and too small to be divided.
  @Test func `handles extreme lengths and zeros`() throws {
    var sample = VectorCase.clustered(330, dimension: 24, centres: 4, queries: 34, seed: 4)
    let tiny = 1000 * Float.leastNonzeroMagnitude
    for row in 0..<330 {
      let factor = [1, 1e-3, 1e12, 0, tiny][row % 5]
      sample.vectors[row] = sample.vectors[row].map { $0 * factor }
      sample.biases[row] *= row % 7 == 0 ? -1e6 : 1
    }
    sample.queries[1] = sample.queries[1].map { $0 * 1e12 }
    sample.queries[2] = sample.queries[2].map { $0 * tiny }
    sample.queries[3] = [Float](repeating: 0, count: 24)
    try expectExact(sample.store(), sample.queryTensor, k: 10)
    try expectExact(
      sample.store(metric: .cosine, hasBiases: false), sample.queryTensor, k: 10)
  }

  /// No first pass can rule out a row that is equal to the best.
  @Test func `compares with every vector if too many are equal`() throws {
    let count = 20_000
    var store = VectorStore(dimension: 4)
    try store.add(
      Tensor([Float](repeating: 0.3, count: 4 * count), shape: [count, 4]),
      ids: (0..<count).map(String.init))
    let queries = Tensor([Float]([1, 2, 3, 4, -1, 0, 0, 0]), shape: [2, 4])
    for threads in [1, 2] {
      let found = try ExactSearch.quantized(store)(queries, k: 3, threads: threads)
      #expect(
        Array(found.labels(ofRow: 0)) == [0, 1, 2] && Array(found.labels(ofRow: 1)) == [0, 1, 2])
    }
  }

  /// Codes multiplied without special instructions are slower than blocks of float32.
  @Test func `searches in blocks where codes are slower`() throws {
    let store = try VectorCase.coarse(9, dimension: 2, queries: 1, seed: 1).store()
    var search = try ExactSearch.quantized(store)
    let best = try SearchInstructions.best
    #expect(try search.codeInstructions == (best == .portable ? nil : best))
    search.instructions = .portable
    #expect(try search.codeInstructions == .portable)
    #expect(try ExactSearch(store).codeInstructions == nil)
  }

  /// The largest codes of rows and queries, with any signs: the sums of AVX2 would be the first to overflow.
  @Test func `largest codes do not overflow`() throws {
    let dimension = 128
    var sample = VectorCase.coarse(40, dimension: dimension, queries: 8, seed: 2)
    for row in 0..<40 {
      let sign: Float = row % 2 == 0 ? 1 : -1
      sample.vectors[row] = (0..<dimension).map { $0 % (row + 2) == 0 ? -sign : sign }
    }
    for query in 0..<8 {
      sample.queries[query] = (0..<dimension).map { $0 % (query + 1) == query ? 1 : -1 }
    }
    try expectExact(sample.store(), sample.queryTensor, k: 10)
  }

  @Test func `an empty store finds nothing`() throws {
    let search = try ExactSearch.quantized(VectorStore(dimension: 3))
    let query = Tensor([Float](repeating: 1, count: 3), shape: [1, 3])
    #expect(try search(query, k: 5).labels(ofRow: 0).isEmpty)
    #expect(try search(Tensor.zeros([0, 3]), k: 5).rowCount == 0)
  }

  @Test func `refuses queries and vectors without codes`() throws {
    let search = try ExactSearch.quantized(
      VectorCase.coarse(9, dimension: 2, queries: 1, seed: 1).store())
    #expect(throws: ValueError.self) {
      try search(Tensor([Float]([.nan, 0]), shape: [1, 2]), k: 1)
    }
    var long = VectorStore(dimension: 40_000)
    try long.add(Tensor.zeros([1, 40_000]), ids: ["x"])
    let error = #expect(throws: SearchError.self) { try ExactSearch.quantized(long) }
    #expect(error?.message.contains("40000 numbers; the limit is 32768") == true)
  }

  @Test(arguments: [false, true])
  func `round-trips through a file of version 3`(hasTexts: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.index")
    let sample = VectorCase.clustered(90, dimension: 9, centres: 2, queries: 3, seed: 5)
    var store = try sample.store(.float16)
    if hasTexts {
      try store.add(Tensor.zeros([1, 9]), ids: ["x"], texts: ["the text of x"])
    }
    let search = try ExactSearch.quantized(store)
    try search.write(to: path)
    #expect(try Data(contentsOf: URL(filePath: path))[8] == 3)
    for verifying in [true, false] {
      let opened = try ExactSearch(path: path, verifying: verifying)
      #expect(opened.codeBytes == search.codeBytes && opened.store.isMapped)
      #expect(opened.store.hasTexts == hasTexts)
      #expect(try opened(sample.queryTensor, k: 7) == search(sample.queryTensor, k: 7))
    }
    // Others read the vectors.
    #expect(try VectorStore(path: path).count == store.count)
    let error = #expect(throws: InputError.self) { try ApproximateIndex(path: path) }
    #expect(error?.reason == ApproximateIndex.hasNoGraph)
    try store.write(to: path)
    #expect(try ExactSearch(path: path).codeBytes == nil)
  }

  /// Whatever byte is changed, the file is refused; unverified, it is searched without a crash.
  @Test func `rejects a file with any changed byte`() throws {
    let folder = try TemporaryFolder()
    let sample = VectorCase.coarse(5, dimension: 3, queries: 2, seed: 6)
    try ExactSearch.quantized(sample.store(.int8)).write(to: folder.file("a.index"))
    let bytes = try Data(contentsOf: URL(filePath: folder.file("a.index")))
    var codesRefused = 0
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 0x50
      try folder.write(damaged, to: "b.index")
      let error = #expect(throws: InputError.self, "byte \(place)") {
        _ = try ExactSearch(path: folder.file("b.index"))
      }
      guard error?.reason.contains("checksum of the codes") == true else { continue }
      codesRefused += 1
      let search = try ExactSearch(path: folder.file("b.index"), verifying: false)
      #expect(try search(sample.queryTensor, k: 2).rowCount == 2)
    }
    #expect(codesRefused >= 832)
    try folder.write(bytes.dropLast(64), to: "b.index")
    #expect(throws: InputError.self) { _ = try ExactSearch(path: folder.file("b.index")) }
  }
}
