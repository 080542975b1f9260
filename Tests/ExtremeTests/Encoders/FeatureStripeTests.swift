import Kernels
import Storage
import TestSupport
import Testing
import Torch

@testable import Extreme

/// Models whose labels and features are divided among ranks.
@Suite struct FeatureStripeTests {
  /// Three features of seven stay on rank 1 of two.
  private static let bags = CSRMatrix(
    rowOffsets: MappedArray([0, 3, 3, 6, 8]), columns: MappedArray([0, 3, 6, 1, 3, 5, 2, 6]),
    values: MappedArray([1, 0.5, 2, 1, 3, 0.25, 1, 1]), columnCount: 7)

  private struct Trained: Sendable {
    var table: [Double]
    var labels: [Double]
    var losses: [Double]
  }

  /// Ten steps in float64, as `DualEncoderTask` takes them.
  private static func train(_ group: ProcessGroup?) throws -> Trained {
    let generator = Generator(seed: 4)
    let whole = (
      table: Tensor.normal([7, 3], generator: generator, dtype: .float64),
      labels: Tensor.normal([5, 3], generator: generator, dtype: .float64)
    )
    let shard = try group.map { try LabelShard(of: 5, among: $0) }
    let stripe = group.map { FeatureStripe(group: $0) }
    let bag = EmbeddingBag(
      weight: stripe?.rows(of: whole.table) ?? whole.table, gradient: .sparse)
    let labels = (shard.map { whole.labels[$0.labels].copied() } ?? whole.labels)
      .requiringGradient()
    let table = SparseAdagrad([bag.weight], .init(learningRate: 0.1))
    let dense = AdamW([labels], .init(learningRate: 0.1))
    let positives = CSRMatrix(rows: [[0, 4], [1], [2, 3], [4]], columnCount: 5)
    var losses: [Double] = []
    for _ in 0..<10 {
      let queries = try stripe?.sum(of: bags, by: bag) ?? bag(bags)
      let loss = try LabelShard.$current.withValue(shard) {
        try DecoupledSoftmaxLoss(temperature: 0.5)(
          queries: queries, labels: labels, positives: positives)
      }
      table.clearGradients()
      dense.clearGradients()
      try loss.backward()
      try table.step()
      try dense.step()
      losses.append(loss.scalar)
    }
    return Trained(
      table: bag.weight.detached().doubles(), labels: labels.detached().doubles(), losses: losses)
  }

  @Test(arguments: 1...4)
  func `ten steps do not depend on the number of ranks`(size: Int) throws {
    let whole = try Self.train(nil)
    #expect(whole.losses[9] < whole.losses[0] / 2)
    let parts = try Ranks.run(size) { try Self.train($0) }
    for part in parts { expectClose(part.losses, whole.losses, tolerance: 1e-12, "losses") }
    expectClose(parts.flatMap(\.labels), whole.labels, tolerance: 1e-12, "labels")
    let table = RowDivision.striped.whole(
      of: parts.map { Tensor($0.table).reshaped([-1, 3]) })
    expectClose(table.doubles(), whole.table, tolerance: 1e-12, "table")
    // The same number of ranks has the same bytes.
    let again = try Ranks.run(size) { try Self.train($0) }
    #expect(again.map(\.table) == parts.map(\.table))
    #expect(again.map(\.labels) == parts.map(\.labels))
  }

  @Test(arguments: DualEncoder.LabelSource.allCases, [true, false])
  func `a part embeds as the whole model does`(
    source: DualEncoder.LabelSource, sharesEncoder: Bool
  ) throws {
    @Sendable func model() -> DualEncoder {
      DualEncoder(
        .init(
          encoder: .init(dimension: 4, hiddenDimensions: [6], isNormalized: true), labels: source,
          sharesEncoder: sharesEncoder),
        featureCount: 7, labelCounts: [3, 0, 7, 1], documentCount: 10,
        generator: Generator(seed: 2))
    }
    /// Label l counts l + 1 times.
    @Sendable func gradient(_ labels: Tensor, _ first: Int, _ model: DualEncoder) throws -> [Double]
    {
      let weights =
        Tensor.range(0..<labels.size(along: 0)).converted(to: .float32) + Double(first + 1)
      let sum = (labels * weights.reshaped([-1, 1])).sum()
      guard source != .free else { return [] }
      let encoder = model.labelEncoder ?? model.encoder
      let layer = encoder.parameters.filter { $0.name.hasPrefix("layers") }.map(\.tensor)
      return try gradients(of: sum, withRespectTo: layer).flatMap { $0?.doubles() ?? [] }
    }
    let wholeModel = model()
    let whole = try wholeModel(documents: Self.bags, labelTexts: Self.bags)
    let wholeGradient = try gradient(whole.labels, 0, wholeModel)
    let parts = try Ranks.run(3) { group in
      let shard = try LabelShard(of: 4, among: group)
      let part = model().part(shard)
      let (documents, labels) = try part(documents: Self.bags, labelTexts: Self.bags)
      return [
        documents.detached().doubles(), labels.detached().doubles(),
        try gradient(labels, shard.labels.lowerBound, part),
      ]
    }
    for part in parts { expectClose(part[2], wholeGradient, tolerance: 1e-5) }
    for part in parts {
      expectClose(part[0], whole.documents.detached().doubles(), tolerance: 1e-6)
    }
    expectClose(parts.flatMap { $0[1] }, whole.labels.detached().doubles(), tolerance: 1e-6)
  }
}

/// Losses with scores from outside, and losses that are defined on the matrix of scores.
@Suite struct ShardedOffsetTests {
  /// The mean of squared scores, with the positives' scores counted three times.
  private struct SquareLoss: LossOverScores {
    var temperature = 0.5

    func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
      let weights = Tensor.full(scores.shape, 1, dtype: scores.dtype)
      for row in 0..<positives.rowCount {
        for label in positives.columns(ofRow: row) {
          weights[row][Int(label)..<(Int(label) + 1)].fillInPlace(3)
        }
      }
      return (scores.squared() * weights).sum()
    }
  }

  private static let bags = CSRMatrix(rows: [[0, 2], [1], [2, 3]], columnCount: 4)
  private static let positives = CSRMatrix(rows: [[0, 4], [1], [2, 3]], columnCount: 5)

  /// The value and all gradients, those of labels and pairs of this rank.
  private static func results(_ loss: any LossOverLabels, _ group: ProcessGroup?) throws
    -> [[Double]]
  {
    let generator = Generator(seed: 4)
    let shard = try group.map { try LabelShard(of: 5, among: $0) }
    let queries = Tensor.normal([3, 2], generator: generator, dtype: .float64).requiringGradient()
    let all = Tensor.normal([5, 2], generator: generator, dtype: .float64)
    let labels = (shard.map { all[$0.labels].copied() } ?? all).requiringGradient()
    let own = positives.selecting(columns: Array(shard?.labels ?? 0..<5))
    let wide = SparseLinear(
      .init(maximumDocumentShare: 1, minimumPairCount: 0), bags: bags, labels: own,
      dtype: .float64)
    withoutGradients { wide.weights.fillInPlace(0.25) }
    let offset = wide(bags)
    let value = try LabelShard.$current.withValue(shard) {
      try loss(
        queries: queries, labels: labels, bias: nil, positives: positives, offset: offset)
    }
    let gradients = try gradients(of: value, withRespectTo: [queries, labels])
    return [[value.scalar]] + gradients.map { $0?.doubles() ?? [] }
      + [[offset.denseGradient()?.sum().scalar ?? 0]]
  }

  @Test(arguments: [2, 3])
  func `an offset and a loss over scores do not depend on the number of ranks`(size: Int) throws {
    let losses: [any LossOverLabels] = [SquareLoss(), DecoupledSoftmaxLoss(temperature: 0.5)]
    for loss in losses {
      let whole = try Self.results(loss, nil)
      let parts = try Ranks.run(size) { try Self.results(loss, $0) }
      for part in parts {
        expectClose(part[0], whole[0], tolerance: 1e-12)
        expectClose(part[1], whole[1], tolerance: 1e-12)
      }
      expectClose(parts.flatMap { $0[2] }, whole[2], tolerance: 1e-12)
      expectClose(parts.reduce(0) { $0 + $1[3][0] }, whole[3][0], tolerance: 1e-11)
    }
  }
}
