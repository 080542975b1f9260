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

  /// Copies this process's part of a whole model's weights.
  ///
  /// - Precondition: this is one of several processes.
  func takePart(of model: [String: Tensor]) throws {
    guard let group else { preconditionFailure("one process has the whole model") }
    try restoreWeights(division.part(group.rank, of: group.size, from: [model]))
  }

  /// The rows of all labels, from those of this process's labels.
  func ofAllRanks(_ rows: Tensor) -> Tensor {
    guard let shard else { return rows }
    return shard.group.gathered(rows: rows, counts: shard.ranges.map(\.count))
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
        100, of: examples.bags.selecting(rows: rows),
        vectors: transformer?.validationVectors(Array(rows)),
        excluding: filter?.selecting(rows: rows))
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
