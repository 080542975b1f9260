package import Evaluation
package import Storage
package import Torch

extension Ranker {
  /// The top labels of each document, and the scores of certain other labels whatever their rank.
  ///
  /// - Parameters:
  ///   - k: the maximum number of labels per document.
  ///   - inputs: each member's input for the documents.
  ///   - kept: `[N, L]`; additional labels to score.
  ///   - excluded: `[N, L or more]`; labels to exclude for each document, nil for none.
  ///   - threads: the number of threads to compute with; nil means as many as the caller's thread
  ///     uses.
  /// - Returns: the ranking, and a score for each entry of `kept`.
  /// - Throws: `InputError` if a score is NaN.
  /// - Precondition: all have one row per document.
  /// - Complexity: O(N · k + entries) memory.
  package func topK(
    _ k: Int, of inputs: [ScorerInput], keeping kept: CSRMatrix, excluding excluded: CSRMatrix?,
    threads: Int? = nil
  ) throws -> (ranking: TopK, kept: [Float]) {
    let count = kept.rowCount
    precondition(
      inputs.allSatisfy { $0.bags.rowCount == count } && (excluded?.rowCount ?? count) == count,
      "inputs, kept labels and exclusions have different documents")
    var ranking = TopK(k: k)
    var keptScores: [Float] = []
    keptScores.reserveCapacity(kept.entryCount)
    for start in stride(from: 0, to: count, by: blockSize) {
      let rows = start..<min(start + blockSize, count)
      let scores = try Runtime.withThreads(threads) { try self.scores(of: inputs, rows: rows) }
      try throwRefusal()
      try scores.withUnsafeBytes { bytes in
        let all = bytes.bindMemory(to: Float.self)
        for row in rows {
          let place = (row - start) * labelCount
          let own = UnsafeBufferPointer(rebasing: all[place..<place + labelCount])
          try ranking.append(
            selectingFrom: own, excluding: Set(excluded?.columns(ofRow: row) ?? MappedArray([])),
            among: candidates)
          for label in kept.columns(ofRow: row) { keptScores.append(own[Int(label)]) }
        }
      }
    }
    return (ranking, keptScores)
  }
}

extension TrainedModel {
  /// The embeddings of documents, `[N, D]`, computed in blocks so that only the result takes
  /// memory.
  package func embeddings(of input: ScorerInput) throws -> Tensor {
    let count = input.bags.rowCount
    let parts = try stride(from: 0, to: count, by: 4096).map { start in
      let rows = start..<min(start + 4096, count)
      return try Runtime.withThreads(threads) {
        try scorer.embeddings(
          of: input.bags.selecting(rows: rows), vectors: input.vectors?.gathered(rows))
      }
    }
    return parts.isEmpty ? .zeros([0, dimension]) : .concatenated(parts)
  }
}
