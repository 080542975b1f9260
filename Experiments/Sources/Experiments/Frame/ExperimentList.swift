/// All experiments, in the order of the page.
let experiments: [any Experiment.Type] = [
  GenerativeProbe.self, DCLBatchSize.self, DCLTemperature.self, MultiViewDHEL.self,
  InfoLOOBHopfield.self, SubclassBalancing.self, ICNNFewShot.self, LOOKTransfer.self,
  GroupOrdering.self, MetricRetrieval.self, UnifiedNegatives.self, MixedEmbeddings.self,
  WithoutNegatives.self, TransformedFeatures.self,
  ImbalancedRegression.self,
  BadPairs.self,
  FewLabels.self,
  BatchStyles.self,
  AdaptiveHeads.self,
  SoftRelevance.self,
  GatedPairs.self,
  SceneMotion.self,
  ScatteringSmallData.self,
  DenseRanking.self,
  ReIdentification.self,
  PretextRegularization.self,
]
