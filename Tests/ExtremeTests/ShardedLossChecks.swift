import Extreme
import Kernels
import Storage
import TestSupport
import Testing
import Torch

/// Losses whose labels are divided among several ranks.
enum ShardedLossChecks {
  /// Value and gradients are those of one process, for label counts that do not divide, fewer labels
  /// than ranks, rows whose positives all lie on one rank, and ranks whose labels are all positive.
  static func ignoresTheNumberOfRanks<Loss: LabelLoss>(_ type: Loss.Type) throws {
    for (number, inputs) in cases.enumerated() {
      for blockSize in [nil, 2] {
        let whole = try inputs.streamed(type, blockSize: blockSize)
        for count in 1...4 {
          expectClose(
            try inputs.sharded(type, ranks: count, blockSize: blockSize), whole,
            tolerance: 1e-12,
            "\(type), case \(number), \(count) ranks, blocks of \(blockSize ?? 0)")
        }
      }
    }
    // In float32 the kernels sum, and blocks differ with the ranks.
    let inputs = LabelCase.random(seed: 5, labels: 301, temperature: 0.5)
    let whole = try inputs.streamed(type, dtype: .float32)
    expectClose(
      try inputs.sharded(type, ranks: 3, blockSize: nil, dtype: .float32), whole,
      tolerance: 1e-4, "\(type), float32")
  }

  private static let cases: [LabelCase] = {
    var few = LabelCase.random(seed: 3, labels: 7, temperature: 0.5)
    // Fewer labels than ranks.
    few.labels = Array(few.labels.prefix(2))
    few.bias = Array(few.bias.prefix(2))
    few.positives = [[0], [], [1], [0, 1], [1, 0, 1], [0]]
    var sharded = LabelCase.random(seed: 4, labels: 8, temperature: 0.3)
    // The labels of one of two, three and four ranks, first and last of a shard.
    sharded.positives = [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7], [3, 4], [2], [5, 4]]
    return [
      .random(seed: 1, temperature: 0.05), .random(seed: 2, labels: 61, temperature: 1), few,
      sharded,
    ]
  }()
}

extension LabelCase {
  /// The result of the streaming form with the labels divided among several ranks.
  func sharded<Loss: LabelLoss>(
    _ type: Loss.Type, ranks: Int, blockSize: Int?, dtype: DType = .float64
  ) throws -> Differentiated {
    let parts = try Ranks.run(ranks) { group in
      let shard = try LabelShard(of: labels.count, among: group)
      let width = queries[0].count
      let own = Tensor(rows: labels)[shard.labels].copied().reshaped([-1, width])
      let leaves = [Tensor(rows: queries), own, Tensor(bias)[shard.labels].copied()]
        .map { $0.converted(to: dtype).requiringGradient() }
      let value = try LabelShard.$current.withValue(shard) {
        try Loss(temperature: temperature, blockSize: blockSize)(
          queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: matrix)
      }
      let gradients = try gradients(of: value, withRespectTo: leaves)
      return Differentiated(
        value: value.scalar, queries: gradients[0]?.doubles() ?? [],
        labels: gradients[1]?.doubles() ?? [], bias: gradients[2]?.doubles() ?? [])
    }
    for part in parts.dropFirst() {
      #expect(part.value == parts[0].value && part.queries == parts[0].queries)
    }
    return Differentiated(
      value: parts[0].value, queries: parts[0].queries, labels: parts.flatMap(\.labels),
      bias: parts.flatMap(\.bias))
  }
}
