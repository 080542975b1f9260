import Noise

/// Every default of the methods for imperfect labels, as property or as written, and whose it is.
let noiseDefaults = """
  ALDRKLLoss.margin | 0.1 | the authors' code
  ALDRKLLoss.normalization | magnitude | the authors' code
  ALDRKLLoss.robustness | 2.0 | the authors' code
  ALDRKLLoss.temperature | 10.0 | the authors' code
  AggregateResponseLoss.kind | squared | the paper
  AnyLoss.measure | fMeasure(beta: 1.0) | ours
  AnyLoss.steepness | 30.0 | the authors' code
  BackdoorLongTail.combines | logits | the authors' code
  BackdoorLongTail.pretrainingPrior.steps | 200 | ours
  BiasLoss.offset | 0.3 | the authors
  BiasLoss.scale | 0.3 | the authors
  CAPro.bootstrapShare | 0.1 | the authors' code
  CAPro.modelShare | 0.5 | the authors' code
  CAPro.momentum | 0.999 | the authors' code
  CAPro.selection | 50 | the authors' code
  CAPro.temperature | 0.1 | the authors' code
  CAPro.threshold | 0.6 | the authors' code
  CMixup.bandwidth | 1.0 | the authors' code
  CMixup.concentration | 2.0 | the authors, for tables
  ClassBalancedLoss.overlap | 0.9999 | the authors
  ClusterMeans.rounds | 100 | the authors of DDFA
  ClusterMeans.starts | 5 | the authors of DDFA
  CoTeaching.forgetRate | 0.2 | Chen and others
  CoTeaching.gradualEpochs | 5 | Chen and others
  ComplementaryRiskLoss.kind | gradientAscent | ours
  ConfidentLearning.order | selfConfidence | ours
  DDFA.clusters | 30 | the authors' code, for CIFAR-10
  DDFA.rounds | 200 | scikit-learn
  DDFA.starts | 5 | ours
  DDFA.tolerance | 0.0001 | scikit-learn
  DiceLoss.exponent | 0.0 | the authors' code
  DiceLoss.pools | false | ours
  DiceLoss.smoothing | 0.0001 | the authors' code
  DiceLoss.squares | false | the authors' code
  EarlyLearningLoss.momentum | 0.7 | the authors, for CIFAR-10
  EarlyLearningLoss.weight | 3.0 | the authors, for CIFAR-10
  FACILE.heads | 4 | the authors' code
  FACILE.hidden | 128 | the authors' code
  FACILE.inducedPoints | 5 | the authors' code
  FocalLoss.focus | 2.0 | the authors
  GeneralizedCrossEntropyLoss.exponent | 0.7 | the authors
  IntraClusterMixup.concentration | 0.2 | the authors' code
  LDRKLLoss.margin | 0.1 | the authors' code
  LDRKLLoss.normalization | softplus | the authors' code
  LDRKLLoss.temperature | 10.0 | the authors' code
  LLPBeliefPropagation.bagWeight | 1.0 | ours
  LLPBeliefPropagation.damping | 0.5 | ours
  LLPBeliefPropagation.neighbourWeight | 0.5 | ours
  LLPBeliefPropagation.rounds | 50 | ours
  LLPBeliefPropagation.weight | 1 | ours
  LogitAdjustmentLoss.strength | 1.0 | the authors
  LossMixture.extraVariance | 0.0005 | the authors
  LossMixture.iterations | 10 | the authors
  LossMixture.tolerance | 0.01 | the authors
  LossReweighting.callAsFunction.isWarmingUp | false | ours
  LossReweighting.range | 1.0 | the authors' code
  LossReweighting.strategy | cappedLinear | the authors' code
  LossReweighting.temperature | 1.0 | ours
  LossReweighting.weights.isWarmingUp | false | ours
  NeighbourLabels.count | 10 | ours
  NestedDropout.deviation | 100.0 | the authors, for Clothing1M
  NestedDropout.mean | 0.0 | the authors' code
  RCAL.borrowing | 50.0 | ours
  RCAL.donors | 3 | ours
  RCAL.neighbours | 20 | scikit-learn
  RCAL.outlierFactor | 1.5 | scikit-learn
  RCAL.ridge | 0.0001 | ours
  SCLLoss.kind | negativeLog | the paper
  SelfTaughtRescaling.loss.isMeta | false | ours
  SymmetricCrossEntropyLoss.crossEntropyWeight | 0.1 | the authors, for CIFAR-10
  SymmetricCrossEntropyLoss.labelFloor | 0.0001 | the authors' code
  SymmetricCrossEntropyLoss.reverseWeight | 1.0 | the authors, for CIFAR-10
  TverskyLoss.exponent | 0.0 | ours
  TverskyLoss.falseNegativeWeight | 0.5 | ours
  TverskyLoss.falsePositiveWeight | 0.5 | ours
  TverskyLoss.pools | false | ours
  TverskyLoss.smoothing | 0.0001 | the authors' code
  """

/// An instance of each with its defaults.
var noiseInstances: [String: Any] {
  [
    "ALDRKLLoss": ALDRKLLoss(),
    "AggregateResponseLoss": AggregateResponseLoss(instanceWeight: 0.5),
    "AnyLoss": AnyLoss(),
    "BackdoorLongTail": BackdoorLongTail(),
    "BiasLoss": BiasLoss(),
    "CAPro": CAPro(),
    "CMixup": CMixup(),
    "ClassBalancedLoss": ClassBalancedLoss(counts: [1]),
    "ClusterMeans": ClusterMeans(count: 2),
    "CoTeaching": CoTeaching(),
    "ComplementaryRiskLoss": ComplementaryRiskLoss(priors: [0.5, 0.5]),
    "ConfidentLearning": ConfidentLearning(),
    "DDFA": DDFA(classes: 2),
    "DiceLoss": DiceLoss(),
    "EarlyLearningLoss": EarlyLearningLoss(),
    "FACILE": FACILE.Configuration(inputs: 2, classes: 2),
    "FocalLoss": FocalLoss(),
    "GeneralizedCrossEntropyLoss": GeneralizedCrossEntropyLoss(),
    "IntraClusterMixup": IntraClusterMixup(),
    "LDRKLLoss": LDRKLLoss(),
    "LLPBeliefPropagation": LLPBeliefPropagation(),
    "LogitAdjustmentLoss": LogitAdjustmentLoss(counts: [1]),
    "LossMixture": LossMixture(),
    "LossReweighting": LossReweighting(),
    "NeighbourLabels": NeighbourLabels(),
    "NestedDropout": NestedDropout(),
    "RCAL": RCAL(),
    "SCLLoss": SCLLoss(),
    "SymmetricCrossEntropyLoss": SymmetricCrossEntropyLoss(),
    "TverskyLoss": TverskyLoss(),
  ]
}
