package import Datasets
import Evaluation
import Models
import Storage
import Torch

extension CrossValidation {
  /// Trains and scores the folds as one of several processes.
  ///
  /// A process takes the next fold as soon as it is free. Folds do not depend on who trains them, so that
  /// the scores are those of one process with as many threads.
  ///
  /// - Returns: the scores of all folds; nil on other ranks than the first.
  /// - Throws: as `run(on:progress:isInterrupted:)`; `TorchError` of kind `collective`.
  package func run(
    on dataset: Dataset, as rank: TrainingRank, progress: ProgressBar?, isInterrupted: () -> Bool
  ) throws -> OutOfSampleScores? {
    let foldOf = try filledFolds(of: dataset)
    let current = try rank.share(folds, isInterrupted: isInterrupted) { fold, isStopped in
      try part(ofFold: fold, foldOf, of: dataset, progress, isStopped)
    }
    var words: [Int32] = []
    for (fold, part) in current.sorted(by: { $0.key < $1.key }) {
      words.append(Int32(fold))
      part.encode(into: &words)
    }
    let group = try rank.group()
    let all = try checked {
      let counts = group.gathered(Tensor([Int64(words.count)])).array(of: Int64.self).map {
        Int($0)
      }
      try throwRefusal()
      return group.gathered(rows: Tensor(words), counts: counts)
    }
    guard rank.isFirst else { return nil }
    var rest = all.array(of: Int32.self)[...]
    var parts: [Int: Part] = [:]
    while let fold = rest.popFirst() {
      let rows = foldOf.indices.filter { foldOf[$0] == Int(fold) }
      parts[Int(fold)] = try Part(
        rows: rows, depth: min(depth, dataset.labels.count), columnCount: foldOf.count,
        decoding: &rest)
    }
    return try joined((0..<folds).compactMap { parts[$0] }, of: dataset)
  }
}

extension CrossValidation.Part {
  /// Appends all but the rows, as lists that begin with their lengths.
  fileprivate func encode(into words: inout [Int32]) {
    func add(_ list: some Collection<Int32>) {
      words.append(Int32(list.count))
      words += list
    }
    func add(_ list: some Collection<Float>) { add(list.map { Int32(bitPattern: $0.bitPattern) }) }
    add(isKnown.map { Int32($0 ? 1 : 0) })
    add(rows.indices.map { Int32(ranking.labels(ofRow: $0).count) })
    add(ranking.labels)
    add(ranking.scores)
    add(givenScores)
    guard let neighbours else { return add([Int32]()) }
    add(rows.indices.map { Int32(neighbours.entries(ofRow: $0).count) })
    add(neighbours.columns)
    add(neighbours.values.map(Array.init) ?? [])
  }

  /// Reads what `encode` has appended.
  ///
  /// - Parameters:
  ///   - depth: the most labels of a ranking.
  ///   - columnCount: the number of training rows.
  fileprivate init(
    rows: [Int], depth: Int, columnCount: Int, decoding words: inout ArraySlice<Int32>
  ) throws {
    func next() -> ArraySlice<Int32> {
      let count = Int(words.popFirst() ?? 0)
      defer { words = words.dropFirst(count) }
      return words.prefix(count)
    }
    func nextNumbers() -> [Float] {
      next().map { Float(bitPattern: UInt32(bitPattern: $0)) }
    }
    let isKnown = next().map { $0 == 1 }
    let lengths = next()
    var (labels, scores) = (next(), nextNumbers()[...])
    var ranking = TopK(k: depth)
    for length in lengths.map(Int.init) {
      try ranking.append(labels: Array(labels.prefix(length)), scores: Array(scores.prefix(length)))
      (labels, scores) = (labels.dropFirst(length), scores.dropFirst(length))
    }
    let givenScores = nextNumbers()
    let neighbourCounts = next()
    var neighbours: CSRMatrix?
    if !neighbourCounts.isEmpty {
      let offsets = neighbourCounts.reduce(into: [Int64(0)]) {
        $0.append($0[$0.count - 1] + Int64($1))
      }
      neighbours = CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(Array(next())),
        values: MappedArray(nextNumbers()), columnCount: columnCount)
    }
    self.init(
      rows: rows, ranking: ranking, isKnown: isKnown, givenScores: givenScores,
      neighbours: neighbours)
  }
}
