import Evaluation
import Extreme
import Kernels
import Models
import Storage
import Torch

extension DualEncoderTask {
  /// How the parameters and the optimisers' states are divided: label vectors and biases by ranges of
  /// labels, tables by stripes of features, a wide model by its labels.
  var division: ModelDivision {
    var rows: [String: RowDivision] = [:]
    for (name, tensor) in dualEncoder.parameters {
      let division = DualEncoder.division(ofParameter: name)
      guard division != .none else { continue }
      rows[name] = division
      for name in stateNames(of: tensor) { rows[name] = division }
    }
    return ModelDivision(rows: rows, labelCount: trainCounts.count)
  }

  /// The 100 best labels of each held-out document.
  func rankings(of examples: Examples) throws -> TopK {
    let scorer = scorer(labels: try labelEmbeddings())
    guard let shard, let group else {
      return try scorer.topK(
        100, of: examples.bags, vectors: transformer?.validationVectors(),
        excluding: examples.filter)
    }
    let filter = examples.filter?.selecting(columns: Array(shard.labels))
    let count = examples.bags.rowCount
    // All ranks embed a block of documents together, so all need the same blocks.
    let height = max(1, min(1024, (1 << 24) / max(1, trainCounts.count / group.size + 1)))
    var result = TopK(k: 100)
    for start in stride(from: 0, to: count, by: height) {
      let rows = start..<min(start + height, count)
      let own = try scorer.topK(
        100, of: examples.bags.selecting(rows: rows), excluding: filter?.selecting(rows: rows))
      try result.append(joining: own, first: shard.labels.lowerBound, of: group)
    }
    return result
  }

  /// Scales the gradients of all parameters, of all processes, so that their joint norm is at most
  /// `limit`.
  func clipGradients(toNorm limit: Double) {
    let parameters = dualEncoder.parameters
    guard let group else {
      Torch.clipGradients(of: parameters.map(\.tensor), toNorm: limit)
      return
    }
    let isDivided = { DualEncoder.division(ofParameter: $0) != .none }
    Torch.clipGradients(
      of: parameters.filter { !isDivided($0.name) }.map(\.tensor),
      and: parameters.filter { isDivided($0.name) }.map(\.tensor), of: group, toNorm: limit)
  }
}

extension TopK {
  /// Adds rows with the best labels of all ranks.
  ///
  /// - Parameters:
  ///   - own: the best of this rank's labels, numbered from 0.
  ///   - first: the number of its first label.
  fileprivate mutating func append(joining own: TopK, first: Int, of group: ProcessGroup) throws {
    let width = k
    // A row of fewer labels is filled up with the label −1.
    var labels = [Int32](repeating: -1, count: own.rowCount * width)
    var scores = [Float](repeating: 0, count: own.rowCount * width)
    for row in 0..<own.rowCount {
      let start = row * width
      for (index, label) in own.labels(ofRow: row).enumerated() {
        labels[start + index] = label + Int32(first)
      }
      for (index, score) in own.scores(ofRow: row).enumerated() { scores[start + index] = score }
    }
    let allLabels = group.gathered(Tensor(labels))
    let allScores = group.gathered(Tensor(scores))
    try throwRefusal()
    let (numbers, values) = (allLabels.array(of: Int32.self), allScores.array(of: Float.self))
    for row in 0..<own.rowCount {
      var best: [(label: Int32, score: Float)] = []
      for rank in 0..<group.size {
        let start = (rank * own.rowCount + row) * width
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
