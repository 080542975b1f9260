import Evaluation
import Torch

extension Ranker {
  /// The best labels of each document, and the scores of certain others whatever their place.
  ///
  /// - Parameters:
  ///   - k: how many labels a document gets, at most.
  ///   - inputs: for each member what it sees of the documents.
  ///   - kept: `[N, L]`; the labels whose scores are wanted too.
  ///   - excluded: `[N, L or more]`; labels that each document may not get, nil for none.
  /// - Returns: the ranking, and a score for each entry of `kept`.
  /// - Throws: `InputError` when a score is not a number.
  /// - Precondition: all have a row a document.
  /// - Complexity: O(N · k + entries) memory.
  func topK(
    _ k: Int, of inputs: [ScorerInput], keeping kept: CSRMatrix, excluding excluded: CSRMatrix?
  ) throws -> (ranking: TopK, kept: [Float]) {
    let count = kept.rowCount
    precondition(
      inputs.allSatisfy { $0.bags.rowCount == count } && (excluded?.rowCount ?? count) == count,
      "features or exclusions of other documents")
    var ranking = TopK(k: k)
    var keptScores: [Float] = []
    keptScores.reserveCapacity(kept.entryCount)
    for start in stride(from: 0, to: count, by: blockSize) {
      let rows = start..<min(start + blockSize, count)
      let scores = try scores(of: inputs, rows: rows)
      try throwRefusal()
      try scores.withUnsafeBytes { bytes in
        let all = bytes.bindMemory(to: Float.self)
        for row in rows {
          let place = (row - start) * labelCount
          let own = UnsafeBufferPointer(rebasing: all[place..<place + labelCount])
          try ranking.append(
            selectingFrom: own, excluding: Set(excluded?.columns(ofRow: row) ?? MappedArray([])))
          for label in kept.columns(ofRow: row) { keptScores.append(own[Int(label)]) }
        }
      }
    }
    return (ranking, keptScores)
  }
}

extension TrainedModel {
  /// What documents are embedded as, `[N, D]`, in parts so that only the embeddings take memory.
  func embeddings(of input: ScorerInput) throws -> Tensor {
    let count = input.bags.rowCount
    let parts = try stride(from: 0, to: count, by: 4096).map { start in
      let rows = start..<min(start + 4096, count)
      return try scorer.embeddings(
        of: input.bags.selecting(rows: rows), vectors: input.vectors?.gathered(rows))
    }
    return parts.isEmpty ? .zeros([0, dimension]) : .concatenated(parts)
  }
}
