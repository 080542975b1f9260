/// Every default of the methods, as property or as written, and whose it is.
let learningDefaults = """
  BagEncoder.dimension | 128 | ours
  BagEncoder.hiddenDimensions | [] | ours
  BagEncoder.isNormalized | false | ours
  BagEncoder.initialScale | 0.1 | ours
  ConvolutionalEncoder.channels | 1 | ours
  ConvolutionalEncoder.widths | [32, 64, 128] | ours
  DualEncoder.callAsFunction.sparsely | false | ours
  DualEncoder.encoder | .init() | ours
  DualEncoder.labels | free | ours
  DualEncoder.hasBias | true | ours
  DualEncoder.wide | nil | ours
  DualEncoder.learnsTemperature | false | ours
  DualEncoder.sharesEncoder | true | ours
  DualEncoder.tower | nil | ours
  DualEncoder.temperature | 1 | ours
  DynamicSubspaceLearners.threshold | 0.5 | the authors' code
  DynamicSubspaceLearners.fewest | 5 | the authors' code
  DynamicSubspaceLearners.indivisible | 10 | the authors' code
  DynamicSubspaceLearners.patience | 10 | the authors' code
  LaSONetworks.layers | 1 | the authors
  LaSONetworks.isRectified | false | ours
  MomentumUpdate.momentum | 0.999 | MoCo
  PretextHead.tiles | 1 | ours
  PretextHead.width | 512 | the authors' code
  PretextHead.jointWidth | 128 | the authors' code
  PretextHead.dropout | 0.5 | the authors' code
  PretextHead.weight | 0.3 | the authors' code
  PretextHead.jigsaw.orders | 35 | the authors' code
  ProjectionHead.layers | 2 | SimCLR
  ProjectionHead.output | plain | ours
  ProjectionHead.simCLR.outputs | 128 | SimCLR
  ProjectionHead.simCLR.layers | 2 | SimCLR
  ProjectionHead.byol.hidden | 4096 | BYOL
  ProjectionHead.byol.outputs | 256 | BYOL
  ProjectionHead.simSiam.outputs | 2048 | SimSiam
  ProjectionHead.simSiamPredictor.width | 2048 | SimSiam
  ResNetEncoder.channels | 3 | ours
  ResNetEncoder.width | 64 | the paper
  ResNetEncoder.blocks | [2, 2, 2, 2] | the paper
  ScatteringEncoder.channels | 3 | ours
  ScatteringEncoder.width | 32 | the authors' code
  ScatteringEncoder.stages | [64, 128] | the authors' code
  ScatteringEncoder.blocks | 4 | the authors' code
  ScatteringEncoder.fields | 4 | the authors' code
  ScatteringTransform.scales | 2 | ours
  ScatteringTransform.angles | 8 | the paper's code
  SeriesEncoder.channels | 1 | ours
  SeriesEncoder.widths | [128, 256, 128] | the paper
  SeriesEncoder.kernels | [7, 5, 3] | the paper, 8 made odd
  SeriesEncoder.isResidual | false | ours
  SeriesEncoder.residual.channels | 1 | ours
  TransformerConfiguration.vocabularySize | 30522 | BERT base
  TransformerConfiguration.width | 768 | BERT base
  TransformerConfiguration.blockCount | 12 | BERT base
  TransformerConfiguration.headCount | 12 | BERT base
  TransformerConfiguration.hiddenWidth | 3072 | BERT base
  TransformerConfiguration.maximumLength | 512 | BERT base
  TransformerConfiguration.typeCount | 2 | BERT base
  TransformerConfiguration.activation | gelu | BERT base
  TransformerConfiguration.epsilon | 1e-12 | BERT base
  TransformerConfiguration.pooling | mean | Sentence-BERT, table 6
  TransformerConfiguration.isNormalized | false | ours
  TransformerConfiguration.dropout | 0.0 | ours
  TransformerEncoder.embeddings.paddingID | 0 | ours
  TransformerEncoder.embeddings.batchTokenCount | 4096 | ours
  TransformerEncoder.dropout | 0 | ours
  TransformerTower.pieceTokenCount | 4096 | ours
  TransformerTower.hiddenDimension | 1024 | ours
  TransformerTower.dropout | 0.2 | ours
  TransformerTower.training | nil | ours
  TransformerTower.masks | nil | ours
  BinaryCrossEntropyLoss.temperature | 0.05 | the authors' code
  ConditionalTransportLoss.temperature | 1.0 | ours
  ConditionalTransportLoss.forwardWeight | 0.5 | the authors' code
  ClassBalancedWeights.beta | 0.9999 | the paper
  CoTeachingLoss.forgetRate | 0.2 | a setting of the paper
  CoupledEstimationLoss.weightTemperature | 2.0 | the authors' code
  CoupledEstimationLoss.normalizesWeights | false | ours
  DistillationLoss.softness | 1.0 | ours; the paper tries 1 to 20
  DistillationLoss.temperature | 1.0 | ours
  DecoupledSoftmaxLoss.temperature | 0.05 | the authors' code
  EarlyLearningTerm.weight | 3.0 | the authors' code
  EarlyLearningTerm.momentum | 0.7 | the authors' code
  GeneralizedTerm.exponent | 0.7 | the paper
  InfoNCELoss.temperature | 0.05 | the authors' code
  LabelALDRKLLoss.temperature | 1.0 | ours
  LabelALDRKLLoss.reference | 1.0 | the authors' code
  LabelALDRKLLoss.adaptivity | 2.0 | the authors' run command
  LabelALDRKLLoss.margin | 1.0 | the authors' code
  LabelAnyLoss.temperature | 1.0 | ours
  LabelAnyLoss.amplification | 73.0 | the paper
  LabelDiceLoss.temperature | 1.0 | ours
  LabelDiceLoss.smoothing | 1.0 | the paper
  LabelDiceLoss.adjustment | 0.0 | the authors' code
  LaSOLoss.reconstructionWeight | 1.0 | the authors
  LaSOLoss.tautologyWeight | 1.0 | the authors
  LogitAdjustment.strength | 1.0 | the paper
  MLCDLoss.temperature | 0.05 | ours
  ReweightingTerm.strategy | quadratic | ours; the paper prefers linearUpper
  ReweightingTerm.scale | 1.0 | the authors' code
  ReweightingTerm.bound | 1.0 | the authors' code
  SoftTopKLoss.temperature | 0.05 | the authors' code
  SoftTopKLoss.places | atLeast(5) | the authors' code has 5
  SoftTopKLoss.sharpness | 2.0 | the authors' code
  SphericalOutputLayer.conditionLimit | 1000000.0 | ours
  SquaredHingeLoss.temperature | 1.0 | linear models
  SymmetricTerm.forwardWeight | 0.1 | the paper
  SymmetricTerm.reverseWeight | 1.0 | the paper
  SymmetricTerm.logOfZero | -4.0 | the paper
  SymmetricInfoNCELoss.temperature | 0.07 | the authors' code
  SymmetricInfoNCELoss.smoothing | 0.1 | the authors' training
  ZLoss.temperature | 1.0 | ours
  ZLoss.sharpness | 1.0 | ours
  ZLoss.target | 10.0 | ours
  BalancedClusters.iterations | 20 | ours
  ClusterIndex.bias | nil | ours
  ClusterIndex.clusterSize | nil | ours
  ClusteredBatches.epochsPerDoubling | 1 | ours
  DynamicBadPairMining.noisyCut | 2.0 | the authors' code
  DynamicBadPairMining.faultyCut | 3.0 | the authors' run command
  FalseNegativeFilter.margin | 0.1 | UniME's code
  FalseNegativeFilter.share | 1.0 | UniME's code
  FalseNegativeFilter.anchor | highest | ours
  FeatureTransformation.extrapolation | 2.0 | the authors' training
  FeatureTransformation.interpolation | 1.6 | the authors' training
  FeatureTransformation.granularity | batch | the authors' code
  FeatureTransformation.isNormalized | false | the authors' training
  HardNegativeSearch.filter | nil | ours
  LabelPool.hardNegatives | 0 | ours
  LabelPool.uniformNegatives | 0 | ours
  LabelPool.positiveLimit | nil | ours
  LabelPool.multiple | 1 | ours
  LabelPool.shortlist | nil | ours
  MomentumQueue.follow.momentum | 0.999 | MoCo
  SimilarityBatches.batchSize | 128 | the authors' code
  SimilarityBatches.neighbours | 64 | the authors' code
  SimilarityBatches.range | 128 | the authors' code
  SubclassClusters.smallest | 10 | the authors' code
  SubclassClusters.iterations | 50 | the authors' code
  AdaptiveMultiHeadLoss.hidden | 128 | the authors' code
  AdaptiveMultiHeadLoss.temperatures | 1e-05...2.0 | the authors' code
  AdaptiveMultiHeadLoss.regularization | 0.1 | the authors' code
  BarlowTwinsLoss.redundancyWeight | 0.0051 | the authors' code
  BarlowTwinsLoss.epsilon | 1e-05 | the authors' code
  CLOOBLoss.temperature | 0.03333333333333333 | the authors' training
  CLOOBLoss.sharpness | 8.0 | the authors' training
  ConRLoss.width | 1.0 | the authors
  ConRLoss.temperature | 0.07 | the authors' code
  ConRLoss.push | 0.01 | the authors' code
  ContinuousTargetAPLoss.temperature | 0.01 | Smooth-AP
  DCLLoss.temperature | 0.1 | the paper
  DCLLoss.weighting | equal | the paper
  GroCoLoss.negatives | 10 | the authors' code
  GroCoLoss.network | SortingNetwork(kind: .oddEven, relaxation: .cauchy, steepness: 1) | the authors' code
  HardContrastiveLoss.temperature | 0.3 | ours, within the range that is best in the paper
  HydraGate.classWidth | 512 | the authors
  HydraGate.hidden | 1024 | the authors
  HydraLoss.temperature | 0.1 | the authors' code
  ICNNLoss.neighbours | 4 | the authors' code
  ICNNLoss.reach | nil | the authors' code
  InfoLOOBLoss.temperature | 0.03333333333333333 | the authors' training
  LOOKLoss.neighbours | 200 | Wu and others
  LOOKLoss.temperature | 0.07 | Wu and others
  MatryoshkaLoss.isNormalized | false | the paper
  MetrixLoss.positiveSharpness | 2.0 | multi-similarity's paper
  MetrixLoss.negativeSharpness | 50.0 | multi-similarity's paper
  MetrixLoss.base | 0.5 | multi-similarity's paper
  MetrixLoss.hardest | nil | ours
  MoCoLoss.temperature | 0.07 | the paper
  ModernHopfieldRetrieval.sharpness | 8.0 | the authors' training
  MultiSimilarityLoss.positiveSharpness | 2.0 | the paper
  MultiSimilarityLoss.negativeSharpness | 50.0 | the paper
  MultiSimilarityLoss.base | 0.5 | the authors' code
  MultiSimilarityLoss.miningMargin | 0.1 | the paper
  MultiViewDHELLoss.temperature | 0.2 | the authors' code
  MultiViewInfoNCELoss.temperature | 0.2 | ours, that of the authors' other losses
  NNCLRLoss.temperature | 0.1 | the paper
  NTXentLoss.temperature | 0.1 | the authors' code
  SBCLLoss.temperature | 0.1 | the authors' code
  SBCLLoss.classWeight | 0.175 | the authors' code, 0.25 · 0.07 / 0.1
  SortingNetwork.kind | oddEven | diffsort
  SortingNetwork.relaxation | cauchy | diffsort
  SortingNetwork.steepness | 10.0 | diffsort
  SupConLoss.temperature | 0.1 | the paper
  SymmetricMultiSimilarityLoss.margin | 0.6 | the authors
  SymmetricMultiSimilarityLoss.slack | 0.1 | the authors
  SymmetricMultiSimilarityLoss.tie | 0.004583333333333333 | the authors
  TripletLoss.margin | 0.2 | the paper
  TripletLoss.mining | semiHard | the paper
  VICRegLoss.invarianceWeight | 25.0 | the paper
  VICRegLoss.varianceWeight | 25.0 | the paper
  VICRegLoss.covarianceWeight | 1.0 | the paper
  VICRegLoss.deviation | 1.0 | the paper
  VICRegLoss.epsilon | 0.0001 | the paper
  LabelMetric.nodeCount | nil | ours
  LabelMetric.lengths | nil | ours
  LabelMetric.labelCount | nil | ours
  Loki.observed | nil | ours
  PlattScaling.softensTargets | true | Platt
  PlattScaling.prior | nil | ours
  SoftmaxTemperature.prior | 1 | ours
  SCut.minimumPositives | 8 | ours
  SCut.rareF1 | 0.0 | ours
  SCut.byLabel | [:] | ours
  ArcFaceLoss.margin | 0.5 | the paper
  ArcFaceLoss.scale | 64.0 | the paper
  NormalizedSoftmaxLoss.temperature | 0.05 | the paper
  PrototypeTripletLoss.margin | 0.5 | the authors' code
  PrototypeTripletLoss.epsilon | 1e-06 | the authors' code
  ProxyAnchorLoss.margin | 0.1 | the paper
  ProxyAnchorLoss.sharpness | 32.0 | the paper
  SelfDistillationLoss.temperature | 1.0 | ours
  SelfDistillationLoss.teacherShare | 1.0 | the paper
  UNPGLoss.margin | angle(0.5) | the authors' code
  UNPGLoss.scale | 64.0 | the authors' code
  UNPGLoss.whisker | 1.5 | the authors' code
  ADWINDetector.confidence | 0.002 | river's implementation
  ADWINDetector.clock | 32 | river's implementation
  ADWINDetector.bucketLimit | 5 | river's implementation
  ADWINDetector.minimumLength | 5 | river's implementation
  ADWINDetector.gracePeriod | 10 | river's implementation
  IHOMERLearner.clustering | ODACClustering.Configuration() | ours
  IHOMERLearner.tree | MultiLabelHoeffdingTree.Configuration() | ours
  IHOMERLearner.detector | ADWINDetector.Configuration() | ours
  IHOMERLearner.decision | fMeasure | ours
  IHOMERLearner.fading | 0.998 | ours
  IHOMERLearner.learningRate | 1.0 | ours
  IHOMERLearner.window | 500 | ours
  IHOMERLearner.neighbours | 5 | ours
  IHOMERLearner.trialLength | 200 | the authors' code
  IHOMERLearner.configuration | Configuration() | ours
  MultiLabelHoeffdingTree.gracePeriod | 200 | the authors' code
  MultiLabelHoeffdingTree.confidence | 1.6587784772850855e-07 | the authors' code
  MultiLabelHoeffdingTree.tieThreshold | 0.05 | the authors' code
  MultiLabelHoeffdingTree.minimumShare | 0.01 | the authors' code
  MultiLabelHoeffdingTree.leafLimit | 256 | ours
  MultiLabelHoeffdingTree.candidates | 10 | river
  MultiLabelHoeffdingTree.observationLimit | 200000 | ours
  MultiLabelHoeffdingTree.configuration | Configuration() | ours
  ODACClustering.confidence | 0.1 | the paper
  ODACClustering.tieThreshold | 0.1 | iHOMER's code
  ODACClustering.interval | 100 | the paper
  ODACClustering.support | 10 | ours
  ODACClustering.minimumSize | 2 | ours
  ODACClustering.pairLimit | 1000000 | ours
  ODACClustering.configuration | Configuration() | ours
  StreamBaselines.fading | 0.998 | ours
  StreamBaselines.learningRate | 1 | ours
  BatchStyleStandardization.smallestArea | 0.0 | ours
  BatchStyleStandardization.largestArea | 0.1 | ours
  ColourJitter.brightness | 0.4 | the paper
  ColourJitter.contrast | 0.4 | the paper
  ColourJitter.saturation | 0.4 | the paper
  ColourJitter.hue | 0.1 | the paper
  ColourJitter.probability | 0.8 | the paper
  DecoupledSceneMotion.largestPullCount | 3 | the authors' code
  DecoupledSceneMotion.frameShare | 0.1 | the authors' code
  DecoupledSceneMotion.margin | 0.5 | the authors' code
  GaussianBlur.kernel | 3 | ours; the paper has a tenth of the side
  GaussianBlur.smallestWidth | 0.1 | the paper
  GaussianBlur.largestWidth | 2.0 | the paper
  GaussianBlur.probability | 0.5 | the paper
  HorizontalFlip.probability | 0.5 | the paper
  ImageViews.style | nil | ours
  ImageViews.crop | nil | ours
  ImageViews.flip | nil | ours
  ImageViews.colours | nil | ours
  ImageViews.greyscale | nil | ours
  ImageViews.blur | nil | ours
  Jigsaw.orderCount | 35 | ScatSimCLR's code
  Jigsaw.seed | 0 | ours
  RandomGreyscale.probability | 0.2 | the paper
  RandomResizedCrop.smallestArea | 0.2 | MoCo's and SimSiam's code
  RandomResizedCrop.largestArea | 1.0 | the paper
  RandomResizedCrop.largestRatio | 1.3333333333333333 | the paper
  SeriesCrop.smallestShare | 0.5 | ours
  SeriesJitter.deviation | 0.05 | the authors' code
  SeriesPermutation.largestCount | 5 | TS-TCC
  SeriesScaling.deviation | 0.1 | the authors' code
  SpanMask.share | 0.15 | the paper
  SpanMask.ending | 0.2 | the paper
  SpanMask.longest | 10 | the paper
  SpanMask.replacement | nil | ours
  TokenDropout.probability | 0.3 | the paper
  SparseLinear.method | adagrad | ours
  SparseLinear.learningRate | 0.3 | ours
  SparseLinear.maximumDocumentShare | 0.005 | ours
  SparseLinear.minimumPairCount | 1 | ours
  SparseLinearAdagrad.epsilon | 1e-10 | PyTorch
  """
