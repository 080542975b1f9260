import Evaluation
import TestSupport
import Testing

@Suite struct EvaluationDefaultsTests {
  @Test func `every default matches the table of defaults`() throws {
    try Defaults(evaluationDefaults).expectAll(
      of: "Evaluation",
      [
        "Alignment": Alignment(), "EmbeddingRetrieval": EmbeddingRetrieval(),
        "FewShotEpisodes": FewShotEpisodes(), "IdentityRetrieval": IdentityRetrieval(),
        "InversePropensity": InversePropensity(), "LinearProbe": LinearProbe(),
        "NaiveBayesProbe": NaiveBayesProbe(), "NearestNeighbourProbe": NearestNeighbourProbe(),
        "NeighbourLayout": NeighbourLayout(),
        "SampleEfficiencyCurve": SampleEfficiencyCurve(sizes: [1]),
        "Trustworthiness": Trustworthiness(), "Uniformity": Uniformity(),
      ])
  }
}
