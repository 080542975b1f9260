package import Torch

/// The labels that this rank keeps, where the labels of a model are divided among several processes.
///
/// Rank r keeps a range; the ranges follow each other and differ in length by at most one. Losses over
/// all labels compute with the labels of `current` and exchange sums over labels, scores of positives,
/// and the queries' gradient: everything but the labels' own vectors and gradients is the same on all
/// ranks.
package struct LabelShard: Sendable {
  /// The processes.
  package let group: ProcessGroup
  /// The number of labels of all ranks, L.
  package let count: Int
  /// The labels of each rank.
  package let ranges: [Range<Int>]
  /// Whether the kernels of the interface library run on all ranks.
  let hasKernels: Bool

  /// The shard whose labels the losses of this task see; nil means that they see all labels.
  @TaskLocal package static var current: LabelShard?

  /// Divides `count` labels among the ranks; all of them do this together.
  package init(of count: Int, among group: ProcessGroup) throws {
    self.group = group
    self.count = count
    ranges = Self.ranges(of: count, among: group.size)
    let missing = Tensor([ScoreTiles.suit(.zeros([1, 1])) ? 0.0 : 1.0])
    try checked { group.maximum(missing) }
    hasKernels = missing.scalar == 0
  }

  /// The ranges into which `count` labels are divided.
  package static func ranges(of count: Int, among size: Int) -> [Range<Int>] {
    (0..<size).map { (count * $0 / size)..<(count * ($0 + 1) / size) }
  }

  /// The labels of this rank.
  package var labels: Range<Int> { ranges[group.rank] }

  /// The length of the longest range, by which all ranks choose their blocks.
  var widest: Int { ranges.map(\.count).max() ?? 0 }

  /// This rank's rows of a tensor `[L, …]` that all ranks have computed; each receives the gradient
  /// from the rank that keeps it.
  package func ownRows(of all: Tensor) throws -> Tensor {
    let (group, ranges, labels) = (group, ranges, labels)
    return try CustomFunction<Void>("the labels of a rank") { inputs in
      ([inputs[0][labels].copied()], ())
    } backward: { _, gradients in
      [gradients[0].map { group.gathered(rows: $0, counts: ranges.map(\.count)) }]
    }(all)[0]
  }

  /// The scores of all labels, `[B, L]`, from this rank's, `[B, labels]`; each rank receives the
  /// gradient of its labels.
  package func gathered(scores: Tensor) throws -> Tensor {
    let (group, ranges, labels) = (group, ranges, labels)
    return try CustomFunction<Void>("the scores of all ranks") { inputs in
      let columns = inputs[0].transposed().contiguous()
      return ([group.gathered(rows: columns, counts: ranges.map(\.count)).transposed()], ())
    } backward: { _, gradients in
      [gradients[0]?.slice(labels, along: 1).contiguous()]
    }(scores)[0]
  }

  /// The same queries, whose gradient becomes the sum of all ranks' gradients.
  package func joiningGradients(of queries: Tensor) throws -> Tensor {
    let group = group
    return try CustomFunction<Void>("the queries of all ranks") { inputs in
      ([inputs[0].copied()], ())
    } backward: { _, gradients in
      [
        gradients[0].map { gradient in
          let sum = gradient.copied().contiguous()
          group.sum(sum)
          return sum
        }
      ]
    }(queries)[0]
  }
}
