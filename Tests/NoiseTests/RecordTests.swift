import Noise
import TestSupport
import Testing

@Suite struct RecordTests {
  static let records = [
    Record(ConfidentLearning(order: .adjusted)), Record(NeighbourLabels(count: 4)),
    Record(BackdoorLongTail(combines: .probabilities)),
    Record(FACILE.Configuration(inputs: 2, classes: 3, hidden: 8, heads: 2, inducedPoints: 3)),
    Record(AggregateResponseLoss(instanceWeight: 0.3, kind: .logistic)),
    Record(AggregateResponseLoss.PrivateMeans(bound: 3, epsilon: 0.5)), Record(DLLPLoss()),
    Record(SCLLoss(kind: .exponential)), Record(ComplementaryForwardLoss.uniform(classes: 3)),
    Record(ComplementaryRiskLoss(priors: [0.2, 0.8], kind: .nonNegative)),
    Record(IntraClusterMixup(concentration: 2)), Record(ClusterMeans(count: 3, starts: 1)),
    Record(
      LLPBeliefPropagation(bagWeight: 2, neighbourWeight: 0.1, rounds: 9, damping: 0.25)),
    Record(DDFA(classes: 3, clusters: 9, starts: 2, rounds: 10, tolerance: 0.5)),
    Record(RCAL(neighbours: 2, outlierFactor: 2, donors: 1, borrowing: 3, ridge: 0.5)),
    Record(
      RCAL.Estimate(
        kept: [1], gaussians: [nil, ClassGaussian(count: 1, mean: [2], covariance: [[3]])])),
    Record(
      CAPro(
        selection: 1, temperature: 1, modelShare: 0, threshold: 1, momentum: 0, bootstrapShare: 1)),
    Record(DDFA.Estimate(shares: [[0.25, 0.75]], clusters: [[1, 1]])),
    Record(ALDRKLLoss(temperature: 3)), Record(AnyLoss(measure: .fMeasure(beta: 2))),
    Record(AnyLoss(measure: .accuracy, steepness: 5)),
    Record(BackwardCorrectionLoss(transition: .pairwise(classes: 3, rate: 0.2))),
    Record(BiasLoss(scale: 2)), Record(CMixup(concentration: 3)),
    Record(ClassBalancedLoss(counts: [3, 1])), Record(CoTeaching(gradualEpochs: 9)),
    Record(ConfidentLearning(order: .adjusted)), Record(DiceLoss(exponent: 2, pools: true)),
    Record(EarlyLearningLoss(weight: 7)), Record(FocalLoss(focus: 1)),
    Record(ForwardCorrectionLoss(transition: .symmetric(classes: 3, rate: 0.2))),
    Record(GeneralizedCrossEntropyLoss(exponent: 0.2)), Record(LDRKLLoss(normalization: .none)),
    Record(LabelCorruption(seed: 5)), Record(LogitAdjustmentLoss(counts: [3, 1], strength: 2)),
    Record(LossMixture(iterations: 3)),
    Record(LossReweighting(strategy: .quadratic, temperature: 0.1)),
    Record(MeanAbsoluteErrorLoss()), Record(NeighbourLabels(count: 4)),
    Record(NestedDropout(mean: 2)), Record(SymmetricCrossEntropyLoss(reverseWeight: 3)),
    Record(TverskyLoss(falsePositiveWeight: 0.2)),
  ]

  @Test(arguments: records) func `round-trips through Codable`(_ record: Record) throws {
    try record.roundTrips()
  }
}
