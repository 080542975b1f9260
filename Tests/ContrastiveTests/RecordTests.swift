import Contrastive
import Storage
import TestSupport
import Testing
import Torch

/// The settings and states that have no table of laws.
@Suite struct RecordTests {
  static let records: [Record] =
    encoders
    + [
      Record(MomentumUpdate(momentum: 0.99)), Record(GradientCache(pieceSize: 64)),
      Record(HydraGate.Configuration(classes: 3, width: 4, hidden: 9)),
      Record(MetrixLoss.Draw(partners: [[2, 5], [4], []], shares: [[0.3, 0.6], [0.5], []])),
      Record(FeatureTransformation()),
      Record(FeatureTransformation(extrapolation: 1, granularity: .row, isNormalized: true)),
      Record(SubclassClusters(smallest: 4, iterations: 9)), Record(try mining()),
      Record(QuarterTurns()), Record(Jigsaw(orderCount: 12, seed: 3)),
      Record(DecoupledSceneMotion(largestPullCount: 2, frameShare: 0.2, margin: 1)),
    ]

  private static let encoders: [Record] =
    [
      Record(ConvolutionalEncoder.Configuration(channels: 3, widths: [1, 2])),
      Record(ResNetEncoder.Configuration(channels: 1, width: 8, blocks: [1, 2])),
      Record(SeriesEncoder.Configuration.residual(channels: 2)),
      Record(ScatteringTransform.Configuration(height: 9, width: 8, scales: 3, angles: 6)),
      Record(
        ScatteringEncoder.Configuration(
          transform: .init(height: 28, width: 28), channels: 1, stages: [8], blocks: 2)),
      Record(PretextHead.Configuration(inputs: 3, classes: 5, tiles: 2, weight: 1)),
      Record(DynamicSubspaceLearners(width: 3)), Record(learners()),
    ]
    + ProjectionHead.Output.allCases.map { output in
      Record(
        ProjectionHead.Configuration(inputs: 3, hidden: 4, outputs: 5, layers: 3, output: output))
    }

  /// Learners after a split.
  private static func learners() -> DynamicSubspaceLearners {
    var learners = DynamicSubspaceLearners(width: 12, fewest: 2)
    _ = learners.observe(metric: 0.5)
    _ = learners.split(relevances: (0..<12).map { Double($0) / 11 })
    return learners
  }

  /// Losses of an epoch.
  private static func mining() throws -> DynamicBadPairMining {
    var mining = DynamicBadPairMining(pairCount: 3, epochs: 2, warmUp: 0, noisyCut: 1)
    _ = try mining.weights(losses: Tensor([1.0, 2, 7]), of: [0, 1, 2])
    mining.finishEpoch()
    return mining
  }

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}
