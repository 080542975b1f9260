/// Every default of the methods, as property or as written, and whose it is.
let evaluationDefaults = """
  Alignment.exponent | 2.0 | the paper
  CalibrationError.binCount | 15 | usual
  EmbeddingRetrieval.cutoffs | [1, 2, 4, 8] | usual
  EmbeddingRetrieval.similarity | cosine | usual
  FewShotEpisodes.ways | 5 | usual
  FewShotEpisodes.shots | 1 | usual
  FewShotEpisodes.queries | 15 | usual
  FewShotEpisodes.episodes | 600 | usual
  FewShotEpisodes.similarity | euclidean | the paper
  FewShotEpisodes.seed | 0 | ours
  IdentityRetrieval.cameras | nil | ours
  IdentityRetrieval.depth | 50 | usual
  IdentityRetrieval.similarity | cosine | usual
  InversePropensity.exponent | 0.55 | the paper
  InversePropensity.offset | 1.5 | the paper
  LabelConfusion.count | 30 | ours
  LinearProbe.penalty | 1.0 | scikit-learn
  LinearProbe.iterations | 1000 | Zheng and others, ICML 2023
  LinearProbe.tolerance | 1e-06 | ours
  MultiLabelAccuracy.assigned | nil | ours
  MultiLabelAccuracy.largestCount | 10 | ours
  NaiveBayesProbe.variances | pooled | ours
  NaiveBayesProbe.smoothing | 1e-09 | scikit-learn
  NearestNeighbourProbe.neighbours | 20 | DINO
  NearestNeighbourProbe.temperature | 0.07 | the paper
  NeighbourLayout.neighbours | 15 | the authors' code
  NeighbourLayout.epochs | 500 | the authors' code for few points
  NeighbourLayout.negatives | 5 | the authors' code
  NeighbourLayout.callAsFunction.seed | 0 | ours
  PrincipalAxes.count | 2 | ours: a map
  PrequentialMetrics.fading | 0.999 | ours
  RankingMetrics.metrics | standardMetrics | ours
  RankingMetrics.propensity | .standard | Jain, Prabhu, Varma, KDD 2016
  SampleEfficiencyCurve.draws | 5 | Zheng and others, ICML 2023
  SampleEfficiencyCurve.seed | 0 | ours
  SimilarityHistogram.binCount | 40 | ours
  Trustworthiness.neighbours | 15 | ours
  Uniformity.scale | 2.0 | the paper
  """
