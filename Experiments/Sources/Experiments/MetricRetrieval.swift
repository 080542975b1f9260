import Learning
import Torch

/// The losses of metric learning on classes never seen.
struct MetricRetrieval: Experiment {
  static let name = "metric-retrieval"
  static let claim =
    "Multi-similarity and proxy-anchor retrieve examples of classes never seen better than semi-hard triplets."
  static let paper =
    "Wang, Han, Huang, Dong, Scott. Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning. CVPR 2019. Kim, Kim, Cho, Kwak. Proxy Anchor Loss for Deep Metric Learning. CVPR 2020. <https://arxiv.org/abs/2003.13911>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 900 batches, AdamW, embeddings of 64 dimensions."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Sources/Learning/Pairs/MultiSimilarityLoss.swift",
      "Sources/Learning/Pairs/SupConLoss.swift", "Sources/Learning/Pairs/TripletLoss.swift",
      "Sources/Learning/Prototypes/NormalizedSoftmaxLoss.swift",
      "Sources/Learning/Prototypes/ProxyAnchorLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["8 × 4", "32 × 4"]
  static let arms = [
    "triplet", "multi-similarity", "proxy anchor", "normalised softmax", "SupCon",
  ]
  static let measures = ["R@1 (%)", "MAP@R (%)"]

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let learns = arm == Self.arms[2] || arm == Self.arms[3]
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition == Self.conditions[0] ? 8 : 32,
      shots: 4, weights: learns ? [weights] : []
    ) { embeddings, classes in
      switch arm {
      case Self.arms[0]:
        return try TripletLoss()(embeddings: embeddings.normalized(), classes: classes)
      case Self.arms[1]:
        return try MultiSimilarityLoss()(embeddings: embeddings, classes: classes)
      case Self.arms[2]:
        return try ProxyAnchorLoss()(embeddings: embeddings, proxies: weights, classes: classes)
      case Self.arms[3]:
        return try NormalizedSoftmaxLoss()(
          embeddings: embeddings, weights: weights, classes: classes)
      default: return try SupConLoss()(embeddings: embeddings, classes: classes)
      }
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.flatMap { condition in
      [arms[1], arms[2]].map { (condition, $0, record.gain($0, over: arms[0], condition)) }
    }
    let texts = gains.map { "\($0.1) \($0.2.text) in batches of \($0.0)" }
    return Verdict(
      parts: gains.map { $0.2.mean > $0.2.deviation },
      "R@1 over triplets, in points: \(texts.joined(separator: ", ")).")
  }
}
