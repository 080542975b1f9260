import Evaluation
import Foundation
import Retrieval
import Storage
import Torch

/// Speed, recall and memory of both searches on plain float32 vectors compared by cosine.
struct Measurement {
  let dimension: Int
  let queries: Tensor
  private static let k = 10

  init(queries path: String, dimension: Int, count: Int) throws {
    self.dimension = dimension
    queries = try Self.tensor(path, dimension, 0..<count)
  }

  private static func tensor(_ path: String, _ dimension: Int, _ rows: Range<Int>) throws -> Tensor
  {
    let file = try MappedFile(path: path)
    return try MappedArray<Float>(
      file, byteOffset: 4 * dimension * rows.lowerBound, count: dimension * rows.count
    ).tensor().reshaped([rows.count, dimension]).copied()
  }

  /// Adds `count` rows of a file to a store and writes it.
  func store(_ path: String, count: Int, scalar: VectorScalar, to output: String) throws {
    try Self.timed("store \(scalar)") {
      var store = VectorStore(dimension: dimension, scalar: scalar, metric: .cosine)
      for start in stride(from: 0, to: count, by: 50_000) {
        let rows = start..<min(start + 50_000, count)
        try store.add(Self.tensor(path, dimension, rows), ids: rows.map(String.init))
      }
      try store.write(to: output)
    }
  }

  /// Exact search with one and two threads, in blocks and one query at a time; writes the scores of
  /// the tenth result to `output`.
  func exact(_ index: String, to output: String) throws {
    let store = try VectorStore(path: index)
    say("resident with \(store.count) x \(dimension) \(store.scalar) mapped: \(Self.resident)")
    let search = ExactSearch(store)
    for threads in [1, 2] {
      Runtime.threadCount = threads
      let block = queries[0..<min(512, queries.size(along: 0))]
      try Self.timed("exact \(store.scalar), \(threads) threads, in blocks", 512) {
        _ = try search(block, k: Self.k)
      }
      try Self.timed("exact \(store.scalar), \(threads) threads, one at a time", 32) {
        for query in 0..<32 { _ = try search(queries[query..<query + 1], k: Self.k) }
      }
    }
    let all = try search(queries, k: Self.k)
    let tenths = (0..<all.rowCount).map { all.scores(ofRow: $0).last ?? -.infinity }
    try tenths.withUnsafeBytes { try writeAtomically($0, to: output) }
  }

  /// Builds a graph over a stored file and writes both.
  func build(_ index: String, configuration: ApproximateIndex.Configuration, to output: String)
    throws
  {
    let store = try VectorStore(path: index)
    let built = try Self.timed("graph \(store.scalar) \(configuration)", store.count) {
      try ApproximateIndex(store, configuration: configuration)
    }
    say("graph: \(built.graphMemory >> 20) MiB, resident: \(Self.resident)")
    try Self.timed("write") { try built.write(to: output) }
  }

  /// Searches a mapped index with several breadths.
  ///
  /// A row counts as found if its score with float32 vectors is at least the tenth best, which several
  /// rows may share.
  func search(_ path: String, exact: String, tenths: String, breadths: [Int]) throws {
    let index = try Self.timed("open and verify") { try ApproximateIndex(path: path) }
    say("resident after opening: \(Self.resident)")
    let reference = try VectorStore(path: exact)
    for breadth in breadths {
      var found: TopK?
      for threads in [1, 2] {
        found = try Self.timed("breadth \(breadth), \(threads) threads", queries.size(along: 0)) {
          try index.search(queries, k: Self.k, breadth: breadth, threads: threads)
        }
      }
      guard let found else { continue }
      let recall = try recall(of: found, in: reference, tenths: tenths)
      say(String(format: "breadth %d: recall@%d %.4f", breadth, Self.k, recall))
    }
    say("resident after searching: \(Self.resident)")
  }

  /// The share of results whose float32 score is at least the tenth best.
  private func recall(of found: TopK, in reference: VectorStore, tenths path: String) throws
    -> Double
  {
    let tenths = try MappedArray<Float>(
      MappedFile(path: path), byteOffset: 0, count: queries.size(along: 0))
    let vectors = queries.array(of: Float.self)
    var hits = 0
    for query in 0..<found.rowCount {
      let own = Array(vectors[query * dimension..<(query + 1) * dimension])
      let length = own.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      for row in found.labels(ofRow: query) {
        let product = zip(own, reference.vector(ofRow: Int(row)))
          .reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        if product / max(length, 1e-12) >= Double(tenths[query]) - 1e-6 { hits += 1 }
      }
    }
    return Double(hits) / Double(Self.k * found.rowCount)
  }

  /// Adds codes to a stored file, writes both and searches by them, in turns with a search without
  /// codes.
  func quantized(_ index: String, tenths: String, to output: String) throws {
    let store = try VectorStore(path: index)
    let built = try Self.timed("codes of \(store.scalar)", store.count) {
      try ExactSearch.quantized(store, threads: 1)
    }
    say("codes: \(built.codeBytes ?? 0) bytes")
    try Self.timed("write") { try built.write(to: output) }
    var search = try Self.timed("open and verify") { try ExactSearch(path: output) }
    let count = queries.size(along: 0)
    let block = queries[0..<min(512, count)]
    for threads in [1, 2] {
      Runtime.threadCount = threads
      for _ in 0..<3 {
        let plain = try Self.timed("\(threads) threads, without codes, in blocks", 512) {
          try ExactSearch(search.store)(block, k: Self.k)
        }
        for instructions in SearchInstructions.allCases.reversed()
        where try instructions <= SearchInstructions.best && instructions > .portable {
          search.instructions = instructions
          let found = try Self.timed(
            "\(threads) threads, codes by \(instructions), in blocks", count
          ) {
            try search(queries, k: Self.k)
          }
          let isSame = (0..<plain.rowCount).allSatisfy {
            plain.labels(ofRow: $0) == found.labels(ofRow: $0)
              && plain.scores(ofRow: $0) == found.scores(ofRow: $0)
          }
          let recall = try recall(of: found, in: store, tenths: tenths)
          say(String(format: "recall@%d %.4f, same results: %@", Self.k, recall, "\(isSame)"))
        }
      }
      search.instructions = nil
      try Self.timed("\(threads) threads, codes, one at a time", 128) {
        for query in 0..<128 { _ = try search(queries[query..<query + 1], k: Self.k) }
      }
      try Self.timed("\(threads) threads, without codes, one at a time", 32) {
        for query in 0..<32 { _ = try ExactSearch(store)(queries[query..<query + 1], k: Self.k) }
      }
    }
    say("resident after searching: \(Self.resident)")
  }

  /// Times `body` and prints how many of `count` it processes per second and per CPU second.
  @discardableResult
  private static func timed<R>(_ name: String, _ count: Int = 0, _ body: () throws -> R) rethrows
    -> R
  {
    let (wall, used) = (ProcessInfo.processInfo.systemUptime, processorSeconds)
    let result = try body()
    let seconds = ProcessInfo.processInfo.systemUptime - wall
    let processor = processorSeconds - used
    var line = String(format: "%@: %.2f s, %.2f s CPU", name, seconds, processor)
    if count > 0 {
      line += String(
        format: "; %.0f per second, %.0f per CPU second", Double(count) / seconds,
        Double(count) / processor)
    }
    say(line)
    return result
  }

  private static var processorSeconds: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// Private and mapped pages of this process.
  private static var resident: String {
    let lines = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    return lines.split(separator: "\n").filter {
      $0.hasPrefix("RssAnon") || $0.hasPrefix("RssFile")
    }
    .joined(separator: " ").replacing("\t", with: "")
  }
}

/// Prints a line without buffering.
private func say(_ line: String) {
  print(line)
  fflush(nil)
}
