import Extreme
import Storage
import TestSupport
import Testing

/// The settings and states that have no table of laws.
@Suite struct RecordTests {
  static let records: [Record] =
    losses + encoders
    + [
      Record(FalseNegativeFilter(margin: -1, share: 0.9, anchor: .lowest)),
      Record(try IsotonicCalibration(fitting: [1, 2, 3], outcomes: [false, true, true])),
      Record(
        SparseLinear.Configuration(
          method: .sgd, learningRate: 0.125, maximumDocumentShare: 0.25, minimumPairCount: 3)),
    ]

  private static let losses: [Record] =
    [
      Record(ConditionalTransportLoss(temperature: 0.125, forwardWeight: 0.75)),
      Record(CoupledEstimationLoss(weightTemperature: 3, normalizesWeights: true)),
      Record(DistillationLoss(temperature: 0.5, softness: 2, blockSize: 3)),
      Record(MatryoshkaLoss(dimensions: [2, 5], isNormalized: true)),
      Record(LaSOLoss(reconstructionWeight: 0.5, tautologyWeight: 0)),
      Record(LogitAdjustment(strength: 0.5)), Record(ClassBalancedWeights(beta: 0.5)),
      Record(LabelALDRKLLoss(temperature: 2, reference: 3, adaptivity: 4, margin: 5)),
      Record(LabelDiceLoss(temperature: 2, smoothing: 3, adjustment: 4)),
      Record(LabelAnyLoss(temperature: 2, amplification: 3)),
      Record(RobustLoss(InfoNCELoss(temperature: 2, blockSize: 3), GeneralizedTerm(exponent: 0.5))),
      Record(SymmetricTerm(forwardWeight: 2, reverseWeight: 3, logOfZero: -5)),
      Record(EarlyLearningTerm(weight: 2, momentum: 0.5)),
      Record(ReweightingTerm(strategy: .extremes, scale: 2, bound: 3)),
      Record(CoTeachingLoss(ZLoss(temperature: 2), forgetRate: 0.5)),
    ]
    + [SoftTopKLoss.Places.fixed(3), .positives, .atLeast(4)].map { places in
      Record(SoftTopKLoss(places: places, sharpness: 3))
    }

  private static let encoders: [Record] =
    [
      Record(
        DualEncoder.Configuration(
          encoder: .init(
            dimension: 7, hiddenDimensions: [3], isNormalized: true, initialScale: 0.2),
          labels: .text, hasBias: false)),
      Record(DualEncoder.Configuration(encoder: .init(dimension: 2), learnsTemperature: true)),
      Record(
        LaSONetworks.Configuration(
          dimension: 3, hiddenDimension: 7, layers: 2, isRectified: true)),
      Record(
        TransformerEncoder.Configuration(
          width: 12, headCount: 3, activation: .approximateGELU, pooling: .firstToken,
          isNormalized: true, dropout: 0.25)),
    ]
    + [nil, 7].map { hidden in
      Record(TransformerTower.Configuration(hiddenDimension: hidden, dropout: 0.25))
    }

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}
