package import Evaluation
import Storage
package import Torch

extension TopK {
  /// Adds rows with the best labels of all ranks.
  ///
  /// Every rank adds the same rows.
  ///
  /// - Parameters:
  ///   - current: the best of this rank's labels, numbered from 0; as many rows on every rank.
  ///   - first: the number of this rank's first label.
  /// - Throws: `TorchError` of kind `collective`.
  package mutating func append(joining current: TopK, first: Int, of group: ProcessGroup) throws {
    let width = k
    // A row of fewer labels is filled up with the label −1.
    var labels = [Int32](repeating: -1, count: current.rowCount * width)
    var scores = [Float](repeating: 0, count: current.rowCount * width)
    for row in 0..<current.rowCount {
      let start = row * width
      for (index, label) in current.labels(ofRow: row).enumerated() {
        labels[start + index] = label + Int32(first)
      }
      for (index, score) in current.scores(ofRow: row).enumerated() {
        scores[start + index] = score
      }
    }
    let allLabels = group.gathered(Tensor(labels))
    let allScores = group.gathered(Tensor(scores))
    try throwRefusal()
    let (numbers, values) = (allLabels.array(of: Int32.self), allScores.array(of: Float.self))
    for row in 0..<current.rowCount {
      var best: [(label: Int32, score: Float)] = []
      for rank in 0..<group.size {
        let start = (rank * current.rowCount + row) * width
        for index in start..<(start + width) where numbers[index] >= 0 {
          best.append((numbers[index], values[index]))
        }
      }
      best.sort { ($1.score, $0.label) < ($0.score, $1.label) }
      let kept = best.prefix(width)
      try append(labels: kept.map(\.label), scores: kept.map(\.score))
    }
  }
}
