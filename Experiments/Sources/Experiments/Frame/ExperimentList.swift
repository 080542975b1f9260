/// All experiments, in the order of the page.
let experiments: [any Experiment.Type] = [
  GenerativeProbe.self, DCLBatchSize.self, DCLTemperature.self, MultiViewDHEL.self,
  ICNNFewShot.self, MetricRetrieval.self, UnifiedNegatives.self,
]
