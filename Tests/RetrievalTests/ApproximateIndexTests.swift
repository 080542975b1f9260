import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Retrieval

func isSearchLibraryThere() -> Bool {
  do {
    try SearchLibrary.load()
    return true
  } catch {
    return false
  }
}

/// The graph; where the search library is set up.
@Suite(.enabled("needs the search library: run Scripts/setup") { isSearchLibraryThere() })
struct ApproximateIndexTests {
  private static let sample = VectorCase.clustered(
    600, dimension: 12, centres: 8, queries: 20, seed: 7)

  private func recall(_ found: TopK, _ exact: TopK) -> Double {
    var hits = 0
    for row in 0..<exact.rowCount {
      hits += Set(found.labels(ofRow: row)).intersection(exact.labels(ofRow: row)).count
    }
    return Double(hits) / Double(exact.labels.count)
  }

  /// Vectors of different lengths, with biases: the largest inner product is not the smallest angle.
  @Test(.timeLimit(.minutes(10)), arguments: VectorScalar.allCases)
  func `recall is at least 95 % of 20,000 vectors`(scalar: VectorScalar) throws {
    let sample = VectorCase.clustered(20_000, dimension: 16, centres: 100, queries: 100, seed: 8)
    let store = try sample.store(scalar)
    let index = try ApproximateIndex(store)
    let found = try index.search(sample.queryTensor, k: 10, breadth: 64, threads: 2)
    let exact = try ExactSearch(store)(sample.queryTensor, k: 10)
    #expect(recall(found, exact) >= 0.95, "recall \(recall(found, exact))")
    // The same rows have the same scores in both.
    for query in 0..<100 {
      let scores = Dictionary(
        uniqueKeysWithValues: zip(exact.labels(ofRow: query), exact.scores(ofRow: query)))
      for (row, score) in zip(found.labels(ofRow: query), found.scores(ofRow: query)) {
        if let other = scores[row] { #expect(score == other) }
      }
    }
  }

  @Test func `a broad search of few vectors is exact`() throws {
    let store = try Self.sample.store(scoreScale: 3)
    let index = try ApproximateIndex(store, configuration: .init(threads: 1))
    let exact = try ExactSearch(store)(Self.sample.queryTensor, k: 20)
    #expect(try index.search(Self.sample.queryTensor, k: 20, breadth: 600) == exact)
    #expect(try index.search(Self.sample.queryTensor, k: 20, breadth: 600, threads: 2) == exact)
    // A graph may lose sight of a few rows.
    let all = try index.search(Self.sample.queryTensor, k: 900).labels(ofRow: 0).count
    #expect(all > 580 && all <= 600)
  }

  @Test func `changes apply immediately and after reopening`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.index")
    // Which rows a graph of several threads' making loses sight of is left to chance.
    let built = try ApproximateIndex(Self.sample.store(), configuration: .init(threads: 1))
    try built.write(to: path)
    let index = try ApproximateIndex(path: path)
    #expect(index.store.isMapped)
    // A vector far along the query's own direction comes first.
    let query = Self.sample.queryTensor[0..<1]
    func first(_ index: ApproximateIndex) throws -> String {
      let row = try #require(index.search(query, k: 1).labels(ofRow: 0).first)
      return index.store.id(ofRow: Int(row))
    }
    let before = try first(index)
    try index.add(query * 50, ids: ["new"])
    #expect(try first(index) == "new" && index.store.count == 601)
    try index.update(query * -50, ids: ["new"])
    #expect(try first(index) == before && index.store.count == 601)
    try index.update(query * 60, ids: [before])
    #expect(try first(index) == before)
    try index.remove(ids: [before])
    let second = try first(index)
    #expect(second != before && index.store.count == 600)
    #expect(try ApproximateIndex(path: path).store.count == 600)
    try index.write(to: path)
    let reopened = try ApproximateIndex(path: path)
    #expect(try first(reopened) == second && reopened.store.isMapped)
    let all = try ExactSearch(index.store)(Self.sample.queryTensor, k: 10)
    #expect(try reopened.search(Self.sample.queryTensor, k: 10, breadth: 600) == all)
    let small = try reopened.compacted()
    #expect(small.store.rowCount == 600 && small.store.removedCount == 0)
    #expect(try first(small) == second)
    #expect(throws: ValueError.self) { try index.remove(ids: ["nothing"]) }
  }

  @Test func `an index grows from empty`() throws {
    let folder = try TemporaryFolder()
    let index = try ApproximateIndex(VectorStore(dimension: 12))
    #expect(try index.search(Self.sample.queryTensor, k: 3).labels.isEmpty)
    try index.write(to: folder.file("empty.index"))
    let opened = try ApproximateIndex(path: folder.file("empty.index"))
    #expect(try opened.search(Self.sample.queryTensor, k: 3).labels.isEmpty)
    for (row, name) in Self.sample.names.prefix(50).enumerated() {
      try opened.add(Tensor(Self.sample.vectors[row], shape: [1, 12]), ids: [name])
    }
    let exact = try ExactSearch(opened.store)(Self.sample.queryTensor, k: 5)
    #expect(try opened.search(Self.sample.queryTensor, k: 5) == exact)
  }

  @Test func `rejects a damaged graph`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.index")
    try ApproximateIndex(Self.sample.store()).write(to: path)
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count - 200] ^= 1
    try folder.write(bytes, to: "b.index")
    let error = #expect(throws: InputError.self) {
      _ = try ApproximateIndex(path: folder.file("b.index"))
    }
    #expect(error?.reason == "the checksum of the graph is wrong: the file is damaged")
    try Self.sample.store().write(to: path)
    let bare = #expect(throws: InputError.self) { _ = try ApproximateIndex(path: path) }
    #expect(bare?.reason == ApproximateIndex.hasNoGraph)
  }

  /// A graph may be changed and its checksum made right again: links and levels are looked at.
  @Test func `rejects graphs with invalid links and levels`() throws {
    let folder = try TemporaryFolder()
    let (path, changed) = (folder.file("a.index"), folder.file("b.index"))
    let sample = VectorCase.clustered(40, dimension: 4, centres: 3, queries: 2, seed: 7)
    try ApproximateIndex(sample.store(), configuration: .init(connectivity: 3, threads: 1))
      .write(to: path)
    let content = try IndexFile.read(path, verifying: true)
    let (range, reach) = try #require(content.graph)
    let graph = content.file.withBytes { Array($0[range]) }
    var refused = 0
    for place in stride(from: 0, to: graph.count - 3, by: 14) {
      for value in [0x7FFF_FFFF, 2] as [UInt32] {
        var bytes = graph
        withUnsafeBytes(of: value) { bytes.replaceSubrange(place..<place + 4, with: $0) }
        guard bytes != graph else { continue }
        try bytes.withUnsafeBytes {
          try IndexFile.write(content.store, extra: .graph($0, reach: reach), to: changed)
        }
        do {
          let index = try ApproximateIndex(path: changed, configuration: .init(threads: 1))
          _ = try index.search(sample.queryTensor, k: 40)
          try index.add(sample.queryTensor, ids: ["one", "two"])
        } catch let error as InputError {
          #expect(error.reason.hasPrefix("the graph"), "\(error)")
          refused += 1
        }
      }
    }
    #expect(refused > graph.count / 20)
  }

  @Test func `searches and changes may run concurrently`() async throws {
    let index = try ApproximateIndex(Self.sample.store())
    let queries = Self.sample.queryTensor
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for step in 0..<20 {
            if task == 0 {
              try index.update(queries[0..<1] * Double(step), ids: ["new"])
            } else {
              #expect(try index.search(queries, k: 5).labels.count == 100)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(index.store.count == 601)
  }
}

/// Errors if the search library cannot be opened; each in a process that has not opened it.
@Suite struct SearchLibraryTests {
  private static func expectRefusal(of path: String, _ words: String) {
    setenv("DECANT_SEARCH_LIBRARY", path, 1)
    let error = #expect(throws: SearchError.self) {
      _ = try ApproximateIndex(VectorStore(dimension: 2))
    }
    let message = error?.message ?? ""
    #expect(message.contains(words) && message.contains("run Scripts/setup"), "\(message)")
    #expect(error?.isMissingLibrary == true)
  }

  @Test func `names a missing library, exact search works without`() async {
    await #expect(processExitsWith: .success) {
      Self.expectRefusal(of: "/nowhere/libsearch.so", "/nowhere/libsearch.so: cannot open")
      var store = VectorStore(dimension: 2)
      try store.add(Tensor.ones([1, 2]), ids: ["a"])
      #expect(try ExactSearch(store)(Tensor.ones([1, 2]), k: 1).labels == [0])
    }
  }

  @Test func `rejects a foreign library by name`() async {
    await #expect(processExitsWith: .success) {
      Self.expectRefusal(of: "libm.so.6", "libm.so.6 is not an interface to the search library")
    }
  }
}
