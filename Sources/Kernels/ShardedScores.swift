import Torch

/// The engine of one rank's labels, joined with those of the other ranks.
///
/// A sum is that of the rank's engine, merged with the others in the order of the ranks. A gradient is
/// written for the rank's labels; the queries' is added up.
final class ShardedScores: StreamedScores {
  let scores: LabelScores
  private let engine: any StreamedScores
  private let shard: LabelShard
  /// The rank's positive cells among all.
  private let cells: Range<Int>
  /// Filled when it is asked for first, after the sweep of sums.
  private var allPositiveScores: Tensor?

  /// - Parameters:
  ///   - scores: the rank's labels, with the positive cells of all ranks.
  ///   - engine: of the same labels, with the rank's positive cells.
  init(_ scores: LabelScores, engine: any StreamedScores, cells: Range<Int>, shard: LabelShard) {
    (self.scores, self.engine, self.cells, self.shard) = (scores, engine, cells, shard)
  }

  var usesKernels: Bool { engine.usesKernels }
  var keptScores: Tensor? { engine.keptScores }
  var gradientDtype: DType { engine.gradientDtype }

  var positiveScores: Tensor {
    if let allPositiveScores { return allPositiveScores }
    let all = Tensor.zeros([scores.positives.count], dtype: .float64)
    all[cells].copyInPlace(from: engine.positiveScores.converted(to: .float64))
    shard.group.sum(all)
    allPositiveScores = all
    return all
  }

  func sums(_ kind: ScoreSums) -> Tensor {
    merged(engine.sums(kind.ofShard(shard.group.rank)), kind)
  }

  func sums(_ kind: ScoreSums, ofRows rows: Tensor) -> Tensor? {
    engine.sums(kind.ofShard(shard.group.rank), ofRows: rows).map { merged($0, kind) }
  }

  private func merged(_ own: Tensor, _ kind: ScoreSums) -> Tensor {
    kind.merged(shard.group.gathered(own), counts: shard.ranges.map(\.count))
  }

  func write(_ gradient: LossGradient, upstream: Tensor, to results: InputGradients) {
    engine.write(
      LossGradient(
        atPositives: gradient.atPositives[cells], elsewhere: gradient.elsewhere),
      upstream: upstream, to: results)
    if let ofQueries = results.ofQueries { shard.group.sum(ofQueries) }
  }
}

extension ScoreSums {
  /// The sums to ask of a shard: a label that is in no shard counts on the first.
  fileprivate func ofShard(_ rank: Int) -> ScoreSums {
    if case .exponentialsAndOne = self, rank > 0 { .exponentials } else { self }
  }

  /// The sums over all shards, `[K, B]`.
  ///
  /// - Parameters:
  ///   - parts: the sums of each shard, `[shards, K, B]`.
  ///   - counts: the number of labels of each shard.
  func merged(_ parts: Tensor, counts: [Int]) -> Tensor {
    let sums = counts.indices.map { parts[$0] }
    func total(_ number: Int) -> Tensor {
      sums.dropFirst().reduce(sums[0][number]) { $0 + $1[number] }
    }
    func logSum(_ number: Int) -> Tensor {
      Tensor.stacked(sums.map { $0[number] }, along: 0).logSumExp(along: 0)
    }
    switch self {
    case .exponentials, .exponentialsAndOne:
      return .stacked(Self.exponentials(sums.map { ($0[0], $0[1]) }), along: 0)
    case .softplus, .squaredHinges:
      return total(0).expandingDimension(at: 0)
    case .moments:
      return .stacked(Self.moments(sums.map { ($0[0], $0[1]) }, counts), along: 0)
    case .bounds:
      let smallest = sums.dropFirst().reduce(sums[0][1]) { $0.minimum($1[1]) }
      let largest = sums.dropFirst().reduce(sums[0][2]) { $0.maximum($1[2]) }
      return .stacked(
        [total(0), smallest, largest] + Self.exponentials(sums.map { ($0[3], $0[4]) }), along: 0)
    case .sigmoids:
      return .stacked((0..<5).map(total), along: 0)
    case .logSigmoids:
      return .stacked([total(0), logSum(1), logSum(2), logSum(3)], along: 0)
    }
  }

  private static func exponentials(_ parts: [(peak: Tensor, sum: Tensor)]) -> [Tensor] {
    let peak = parts.dropFirst().reduce(parts[0].peak) { $0.maximum($1.peak) }
    var sum = Tensor.zeros(like: parts[0].sum)
    for part in parts {
      // A shard without a finite score has the sum 0 at −∞.
      let factor = (part.peak - peak).exp()
        .replacing(where: part.peak.isEqual(to: -.infinity), with: 0)
      sum = sum + part.sum * factor
    }
    return [peak, sum]
  }

  private static func moments(
    _ parts: [(mean: Tensor, squares: Tensor)], _ counts: [Int]
  ) -> [Tensor] {
    var (count, mean, squares) = (0.0, Tensor.zeros(like: parts[0].mean), parts[0].squares * 0)
    for (part, added) in zip(parts, counts) where added > 0 {
      let step = part.mean - mean
      let total = count + Double(added)
      squares = squares + part.squares + step.squared() * (count * Double(added) / total)
      mean = mean + step * (Double(added) / total)
      count = total
    }
    return [mean, squares]
  }
}
